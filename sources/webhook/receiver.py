"""From a signed request to a record."""

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from router.api import ConnectorError, Reason, Record, Reply, Request
from sources.webhook.attributes import Places, Texts
from sources.webhook.config import WebhookConfig
from sources.webhook.selection import moment, parse

MAX_CHARACTERS = 255
DEFAULT_TYPE = "webhook"
_WITHHELD = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token", "x-gitlab-token"}
    | {"x-hub-signature"}
)
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What CloudEvents excludes from texts."""


class WebhookReceiver:
    """One endpoint. The body is carried byte-exact; JSON is only looked into for the attributes."""

    def __init__(self, config: WebhookConfig) -> None:
        """Raises ConnectorError (SECRET_NOT_FOUND, SECRET_UNUSABLE)."""
        self._verifier = config.verify.verifier()
        self._handshakes = config.verify.handshakes()
        self._places = Places(config.verify.attributes, config.event)
        self._needs_json = config.event.needs_json
        self._withheld = _WITHHELD | config.verify.proofs()

    def receive(self, request: Request) -> Sequence[Record] | Reply:
        """One record for each request. Raises ConnectorError, whatever the bytes."""
        unsigned, signed = self._handshakes
        if unsigned is not None and (reply := unsigned(request)) is not None:
            return reply
        if request.method != "POST":
            raise ConnectorError(Reason.METHOD_NOT_ALLOWED, "Send a POST request.")
        self._verifier.verify(request)
        if signed is not None and (reply := signed(request)) is not None:
            return reply
        return [self._record(request)]

    def _record(self, request: Request) -> Record:
        document = self._document(request.body) if self._places.in_body else None
        texts = self._places.texts(request, document)
        withheld = self._withheld
        headers = {name: value for name, value in request.headers if name not in withheld}
        return Record(
            id=_id(texts.id) or _digest(request.body),
            type=_event_type(texts),
            data=request.body,
            time=moment(texts.time),
            subject=_checked(texts.subject),
            datacontenttype=headers.get("content-type"),
            headers=headers,
            key=_checked(texts.key),
            idempotency_key=_id(texts.idempotency_key),
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
    return _checked(f"{name}.{texts.action}" if texts.action else name) or DEFAULT_TYPE


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
