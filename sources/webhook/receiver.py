"""From a signed request to a record."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

from router.api import ConnectorError, Reason, Record, Request
from sources.webhook import generic_hmac, github, standard_webhooks
from sources.webhook.config import EventAttributes, GithubScheme, StandardWebhooksScheme, WebhookConfig
from sources.webhook.generic_hmac import GenericHmac
from sources.webhook.secrets import Keys
from sources.webhook.selection import Place, Selector, moment, parse
from sources.webhook.standard_webhooks import StandardWebhooks

MAX_CHARACTERS = 255
DEFAULT_TYPE = "webhook"
_WITHHELD = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token", "x-gitlab-token"}
    | {"x-hub-signature"}
)
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What CloudEvents excludes from texts."""


class Verifier(Protocol):
    """Checks that a request comes from who holds a secret."""

    def verify(self, request: Request) -> None:
        """Return, or raise ConnectorError, whatever the bytes."""
        ...


@dataclass(frozen=True, slots=True)
class _Attributes:
    id: Selector | None = None
    type: Selector | None = None
    action: Selector | None = None
    subject: Selector | None = None
    time: Selector | None = None


class WebhookReceiver:
    """One endpoint. The body is carried byte-exact; JSON is only looked into for the attributes."""

    def __init__(self, config: WebhookConfig) -> None:
        """Raises ConnectorError (SECRET_NOT_FOUND, SECRET_UNUSABLE)."""
        self._verifier, defaults, signature_header = _scheme(config)
        attributes = _override(defaults, config.event)
        self._id = _place(attributes.id)
        self._type = _place(attributes.type)
        self._action = _place(attributes.action)
        self._subject = _place(attributes.subject)
        self._time = _place(attributes.time)
        places = (self._id, self._type, self._action, self._subject, self._time)
        self._reads_body = any(place is not None and place.in_body for place in places)
        chosen = (config.event.id, config.event.type, config.event.subject, config.event.time)
        self._needs_json = any(selector is not None and selector.body is not None for selector in chosen)
        self._withheld = _WITHHELD | {signature_header}

    def receive(self, request: Request) -> Sequence[Record]:
        """One record for each request. Raises ConnectorError, whatever the bytes."""
        self._verifier.verify(request)
        document = self._document(request.body) if self._reads_body else None
        withheld = self._withheld
        headers = {name: value for name, value in request.headers if name not in withheld}
        return [
            Record(
                id=_id(_text(self._id, request, document)) or _digest(request.body),
                type=self._event_type(request, document),
                data=request.body,
                time=moment(_text(self._time, request, document)),
                subject=_checked(_text(self._subject, request, document)),
                datacontenttype=headers.get("content-type"),
                headers=headers,
            )
        ]

    def _document(self, body: bytes) -> Any:
        try:
            return parse(body)
        except ConnectorError:
            if self._needs_json:
                raise
            return None

    def _event_type(self, request: Request, document: Any) -> str:
        name = _text(self._type, request, document) or DEFAULT_TYPE
        action = _text(self._action, request, document)
        return _checked(f"{name}.{action}" if action else name) or DEFAULT_TYPE


def _scheme(config: WebhookConfig) -> tuple[Verifier, _Attributes, str]:
    verify = config.verify
    if isinstance(verify, StandardWebhooksScheme):
        keys = Keys(verify.secrets, standard_webhooks.derive)
        attributes = _Attributes(id=_header(standard_webhooks.ID), type=_body("type"), time=_body("timestamp"))
        return StandardWebhooks(keys, verify.tolerance_seconds), attributes, standard_webhooks.SIGNATURE
    keys = Keys(verify.secrets, generic_hmac.derive)
    if isinstance(verify, GithubScheme):
        attributes = _Attributes(
            id=_header(github.DELIVERY),
            type=_header(github.EVENT),
            action=_body("action"),
            subject=_body("repository.full_name"),
        )
        return github.verifier(keys), attributes, github.SIGNATURE
    verifier = GenericHmac(
        keys,
        header=verify.header,
        algorithm=verify.algorithm,
        encoding=verify.encoding,
        prefix=verify.prefix,
        timestamp_header=verify.timestamp_header,
        signed=verify.signed_or_default,
        tolerance_seconds=verify.tolerance_seconds,
    )
    return verifier, _Attributes(), verify.header


def _override(defaults: _Attributes, event: EventAttributes) -> _Attributes:
    return _Attributes(
        id=event.id or defaults.id,
        type=event.type or defaults.type,
        action=None if event.type else defaults.action,
        subject=event.subject or defaults.subject,
        time=event.time or defaults.time,
    )


def _header(name: str) -> Selector:
    return Selector(header=name)


def _body(path: str) -> Selector:
    return Selector(body=path)


def _place(selector: Selector | None) -> Place | None:
    return None if selector is None else Place(selector)


def _text(place: Place | None, request: Request, document: Any) -> str | None:
    return None if place is None else place.text(request, document)


def _id(text: str | None) -> str | None:
    if text is not None and (len(text) > MAX_CHARACTERS or not text.isprintable()):
        raise ConnectorError(Reason.ID_MALFORMED, f"The id must be at most {MAX_CHARACTERS} printable characters.")
    return text


def _checked(text: str | None) -> str | None:
    if text is not None and (len(text) > MAX_CHARACTERS or _FORBIDDEN.search(text)):
        message = f"The event's type and subject must be at most {MAX_CHARACTERS} characters, none a control character."
        raise ConnectorError(Reason.PAYLOAD_MALFORMED, message)
    return text


def _digest(body: bytes) -> str:
    """Where the sender gives no id: the same body is the same event."""
    return f"blake2b-{blake2b(body, digest_size=16).hexdigest()}"
