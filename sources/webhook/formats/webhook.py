"""The format `webhook`: a request is one event, its body is carried byte-exact and only looked into."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from router.api import ConnectorError, Record, Request
from sources.webhook.attributes import Places, Texts
from sources.webhook.form import json_text
from sources.webhook.formats.texts import checked, checked_id
from sources.webhook.selection import moment, parse

DEFAULT_TYPE = "webhook"


class WebhookFormat:
    """needs_json: refuse a body that is not JSON. withheld: the headers that no record may carry."""

    def __init__(self, places: Places, withheld: frozenset[str], *, needs_json: bool) -> None:
        self._places = places
        self._withheld = withheld
        self._needs_json = needs_json

    def records(self, request: Request) -> Sequence[Record]:
        """One record. Raises ConnectorError."""
        return [self.record(request)]

    def record(self, request: Request, default_id: str | None = None) -> Record:
        """default_id: where the event has none of its own; without one, the same body is the same event.

        Raises ConnectorError (INPUT_INVALID).
        """
        document = self._document(json_text(request)) if self._places.in_body else None
        texts = self._places.texts(request, document)
        withheld = self._withheld
        headers = {name: value for name, value in request.headers if name not in withheld}
        return Record(
            id=checked_id(texts.id) or checked_id(default_id) or _digest(request.body),
            type=_event_type(texts),
            data=request.body,
            time=moment(texts.time),
            subject=checked(texts.subject),
            datacontenttype=headers.get("content-type"),
            headers=headers,
            key=checked(texts.key),
            idempotency_key=checked_id(texts.idempotency_key),
        )

    def _document(self, body: bytes) -> Any:
        try:
            return parse(body)
        except ConnectorError:
            if self._needs_json:
                raise
            return None


def _event_type(texts: Texts) -> str:
    name = texts.type or DEFAULT_TYPE
    return checked(f"{name}.{texts.action}" if texts.action else name) or DEFAULT_TYPE


def _digest(body: bytes) -> str:
    return f"blake2b-{blake2b(body, digest_size=16).hexdigest()}"
