"""Microsoft Graph's change notifications, each of which repeats a secret of the subscription's (`clientState`).

https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks
Nothing is signed. The handshake has no proof in it, so that it shows everybody that there is an endpoint: with
`addresses` it does so only to those on the list.
"""

import hmac
import re
from typing import Any, ClassVar, Literal

from router.api import ConnectorError, Reason, Reply, Request
from sources.webhook.attributes import Attributes, body
from sources.webhook.form import fields
from sources.webhook.scheme import Handshakes, Scheme, Verifier
from sources.webhook.secrets import Keys, Secrets, text_key
from sources.webhook.selection import parse

_MIN_SECRET_CHARACTERS = 8
_PARAMETER = b"validationToken"
_TOKEN = re.compile(rb"[\x20-\x7e]{1,2048}")
_PLAIN = re.compile(rb"[\x20\x21\x23-\x5b\x5d-\x7e]{1,128}")
"""What stands in JSON as it is."""
_WITHHELD = b'"***"'


class MicrosoftGraphScheme(Scheme):
    """Microsoft Graph (`clientState`)."""

    scheme: Literal["microsoft_graph"]
    secrets: Secrets

    # Of each notification of a batch; there is no id of an event, and what repeats has the same body.
    attributes: ClassVar = Attributes(
        id=body("id"),
        type=body("changeType", "lifecycleEvent", "value.0.changeType", "value.0.lifecycleEvent"),
        subject=body("resource", "value.0.resource"),
    )

    def verifier(self) -> Verifier:
        """Any of the secrets."""
        return MicrosoftGraphVerifier(Keys(self.secrets, _derive))

    def handshakes(self) -> Handshakes:
        """The validation of the URL."""
        return Handshakes(unsigned=_handshake)

    def proofs(self) -> frozenset[str]:
        """None: the secret stands in the body, and is withheld there."""
        return frozenset()


class MicrosoftGraphVerifier:
    """Compares the `clientState` of each notification with the secrets."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def verify(self, request: Request) -> None:
        """Return if each notification has a secret. Raises ConnectorError (AUTH_FAILED), whatever the bytes."""
        states = _states(request.body)
        keys = set(self._keys.current(request.received_at))
        # All are compared, so that the time does not tell which one matched.
        matches = [sum([hmac.compare_digest(key, state) for key in keys]) for state in states]
        if not all(matches):
            raise ConnectorError(Reason.SIGNATURE_MISMATCH, "A notification's clientState is not the secret.")
        if sum([request.body.count(b'"%b"' % key) for key in keys]) != len(states):
            raise ConnectorError(Reason.SIGNATURE_MALFORMED, "A clientState is written in an unusual way.")

    def clean(self, request: Request) -> Request:
        """The verified request without the secrets."""
        content = request.body
        for key in self._keys.current(request.received_at):
            content = content.replace(b'"%b"' % key, _WITHHELD)
        return Request(
            request.method,
            request.path,
            request.headers,
            content,
            request.received_at,
            request.query,
            request.peer,
        )


def _derive(secret: str) -> bytes:
    key = text_key(_MIN_SECRET_CHARACTERS)(secret)
    if not _PLAIN.fullmatch(key):
        message = (
            "the secret has more than 128 characters, or others than printable ASCII without quotes and backslashes."
        )
        raise ConnectorError(Reason.SECRET_UNUSABLE, message, fix="Use a random one of letters and digits.")
    return key


def _states(content: bytes) -> list[bytes]:
    try:
        document: Any = parse(content)
    except ConnectorError:
        raise ConnectorError(Reason.SIGNATURE_MISSING, "The body is not JSON with a clientState.") from None
    items = document.get("value") if isinstance(document, dict) else None
    if not isinstance(items, list) or not items:
        raise ConnectorError(Reason.SIGNATURE_MISSING, "The body has no notifications with a clientState.")
    states = [item.get("clientState") if isinstance(item, dict) else None for item in items]
    if not all(isinstance(state, str) for state in states):
        raise ConnectorError(Reason.SIGNATURE_MISSING, "A notification has no clientState.")
    return [str(state).encode("utf-8", "surrogatepass") for state in states]


def _handshake(request: Request) -> Reply | None:
    """The token, as text that no browser takes for anything else; such a request has no notification."""
    if request.method != "POST" or request.body or not request.query:
        return None
    found = fields(request.query.encode("latin-1", "backslashreplace"))
    tokens = [value for name, value in found if name == _PARAMETER]
    if len(tokens) != 1 or not _TOKEN.fullmatch(tokens[0]):
        return None
    headers = (("content-type", "text/plain; charset=utf-8"), ("x-content-type-options", "nosniff"))
    return Reply(body=tokens[0], headers=headers)
