"""Where the attributes of an event stand in the requests of a sender."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from router.api import Request
from sources.webhook.selection import Content, Place, Selector


class Attributes(NamedTuple):
    """A scheme's places: of each attribute the first that has a value counts.

    action: what is added to the type, behind a dot. key: the ordering key, where it is not the subject.
    idempotency_key: what makes two requests the same event, where it is not the id.
    """

    id: tuple[Selector, ...] = ()
    type: tuple[Selector, ...] = ()
    action: tuple[Selector, ...] = ()
    subject: tuple[Selector, ...] = ()
    time: tuple[Selector, ...] = ()
    key: tuple[Selector, ...] = ()
    idempotency_key: tuple[Selector, ...] = ()


class EventAttributes(BaseModel):
    """Where the event's attributes stand; what is left out is as the scheme has it.

    A body that is not JSON is refused if an attribute is looked for in it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: Selector | None = Field(None, description="The event's id; a digest of the body where there is none.")
    type: Selector | None = Field(None, description="The event's type; `webhook` where there is none.")
    subject: Selector | None = Field(None, description="What the event is about.")
    time: Selector | None = Field(None, description="When it happened: ISO 8601 or seconds since the epoch.")
    key: Selector | None = Field(None, description="The ordering key; the subject where there is none.")
    idempotency_key: Selector | None = Field(
        None, description="What makes two requests the same event; the id where there is none."
    )

    @property
    def needs_json(self) -> bool:
        """Whether one of them stands in the body, which must be JSON then."""
        chosen = (self.id, self.type, self.subject, self.time, self.key, self.idempotency_key)
        return any(selector is not None and selector.in_body for selector in chosen)


class Places:
    """The attributes of an endpoint, ready to be looked for."""

    def __init__(self, attributes: Attributes, chosen: EventAttributes) -> None:
        self._id = _places(chosen.id, attributes.id)
        self._type = _places(chosen.type, attributes.type)
        self._action = () if chosen.type else _places(None, attributes.action)
        self._subject = _places(chosen.subject, attributes.subject)
        self._time = _places(chosen.time, attributes.time)
        self._key = _places(chosen.key, attributes.key)
        self._idempotency_key = _places(chosen.idempotency_key, attributes.idempotency_key)
        everything = (self._id, self._type, self._action, self._subject, self._time, self._key, self._idempotency_key)
        self.in_body = any(place.in_body for places in everything for place in places)

    def texts(self, request: Request, document: Any) -> "Texts":
        """What stands there. document: the parsed body, or None.

        Raises ConnectorError (DUPLICATE_HEADER, PAYLOAD_MALFORMED).
        """
        content = Content(request, document)
        return Texts(
            _first(self._id, content),
            _first(self._type, content),
            _first(self._action, content),
            _first(self._subject, content),
            _first(self._time, content),
            _first(self._key, content),
            _first(self._idempotency_key, content),
        )


class Texts(NamedTuple):
    """The attributes of one event as they were sent; None where there is none."""

    id: str | None
    type: str | None
    action: str | None
    subject: str | None
    time: str | None
    key: str | None
    idempotency_key: str | None


def header(*names: str) -> tuple[Selector, ...]:
    """The places of an attribute in headers."""
    return tuple([Selector(header=name) for name in names])


def body(*paths: str) -> tuple[Selector, ...]:
    """The places of an attribute in the body."""
    return tuple([Selector(body=path) for path in paths])


def form(*names: str) -> tuple[Selector, ...]:
    """The places of an attribute in a form."""
    return tuple([Selector(form=name) for name in names])


def expression(*texts: str) -> tuple[Selector, ...]:
    """An attribute that is computed, by JMESPath."""
    return tuple([Selector(expression=text) for text in texts])


def _places(chosen: Selector | None, defaults: Sequence[Selector]) -> tuple[Place, ...]:
    return tuple([Place(selector) for selector in ([chosen] if chosen else defaults)])


def _first(places: Sequence[Place], content: Content) -> str | None:
    for place in places:
        text = place.text(content)
        if text is not None:
            return text
    return None
