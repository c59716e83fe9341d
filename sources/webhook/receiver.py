"""From a signed request to a record."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from router.api import ConnectorError, Reason, Record, Request
from sources.webhook import generic_hmac, github, standard_webhooks
from sources.webhook.config import EventAttributes, GithubScheme, StandardWebhooksScheme, WebhookConfig
from sources.webhook.generic_hmac import GenericHmac
from sources.webhook.secrets import Keys
from sources.webhook.selection import Selector, moment, parse
from sources.webhook.standard_webhooks import StandardWebhooks

MAX_CHARACTERS = 255
DEFAULT_TYPE = "webhook"
_WITHHELD = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-hub-signature"})


class Verifier(Protocol):
    """Checks that a request comes from who holds a secret."""

    def verify(self, request: Request) -> None:
        """Return, or raise ConnectorError, whatever the bytes."""
        ...


@dataclass(frozen=True, slots=True)
class _Attributes:
    id: Selector | None
    type: Selector | None
    action: Selector | None
    subject: Selector | None
    time: Selector | None

    @property
    def need_body(self) -> bool:
        return any(
            s is not None and s.body is not None for s in (self.id, self.type, self.action, self.subject, self.time)
        )


class WebhookReceiver:
    """One endpoint. The body is carried byte-exact; JSON is only looked into for the attributes."""

    def __init__(self, config: WebhookConfig) -> None:
        """Raises ConnectorError (SECRET_NOT_FOUND, SECRET_UNUSABLE)."""
        self._verifier, defaults, signature_header = _scheme(config)
        self._attributes = _override(defaults, config.event)
        self._withheld = _WITHHELD | {signature_header}

    def receive(self, request: Request) -> Sequence[Record]:
        """One record for each request. Raises ConnectorError, whatever the bytes."""
        self._verifier.verify(request)
        attributes = self._attributes
        document = parse(request.body) if attributes.need_body else None

        def text(selector: Selector | None) -> str | None:
            return None if selector is None else selector.text(request, document)

        event_type = text(attributes.type) or DEFAULT_TYPE
        action = text(attributes.action)
        headers = {name: value for name, value in request.headers if name not in self._withheld}
        return [
            Record(
                id=_name(text(attributes.id), Reason.ID_MALFORMED) or _digest(request.body),
                type=_name(f"{event_type}.{action}" if action else event_type, Reason.PAYLOAD_MALFORMED)
                or DEFAULT_TYPE,
                data=request.body,
                time=moment(text(attributes.time)),
                subject=_name(text(attributes.subject), Reason.PAYLOAD_MALFORMED),
                datacontenttype=headers.get("content-type"),
                headers=headers,
            )
        ]


def _scheme(config: WebhookConfig) -> tuple[Verifier, _Attributes, str]:
    verify = config.verify
    if isinstance(verify, StandardWebhooksScheme):
        keys = Keys(verify.secrets, standard_webhooks.derive)
        attributes = _Attributes(_header(standard_webhooks.ID), _body("type"), None, None, _body("timestamp"))
        return StandardWebhooks(keys, verify.tolerance_seconds), attributes, standard_webhooks.SIGNATURE
    keys = Keys(verify.secrets, generic_hmac.derive)
    if isinstance(verify, GithubScheme):
        attributes = _Attributes(
            _header(github.DELIVERY), _header(github.EVENT), _body("action"), _body("repository.full_name"), None
        )
        return github.verifier(keys), attributes, github.SIGNATURE
    verifier = GenericHmac(
        keys,
        header=verify.header,
        algorithm=verify.algorithm,
        encoding=verify.encoding,
        prefix=verify.prefix,
        timestamp_header=verify.timestamp_header,
        separator=verify.separator,
        tolerance_seconds=verify.tolerance_seconds,
    )
    return verifier, _Attributes(None, None, None, None, None), verify.header


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


def _name(text: str | None, reason: Reason) -> str | None:
    if text is not None and (len(text) > MAX_CHARACTERS or not text.isprintable()):
        message = f"The event's id, type and subject must be at most {MAX_CHARACTERS} printable characters."
        raise ConnectorError(reason, message)
    return text


def _digest(body: bytes) -> str:
    """Where the sender gives no id: the same body is the same event."""
    return f"blake2b-{blake2b(body, digest_size=16).hexdigest()}"
