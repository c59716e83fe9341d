"""HubSpot's signatures (v3): HMAC-SHA256 of the method, the URL, the body and a timestamp in milliseconds.

https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
"""

import base64
import hmac
import re
from typing import ClassVar, Literal

from router.api import ConnectorError, Reason, Request, Sending
from sources.webhook.attributes import Attributes, body, expression
from sources.webhook.encoding import decode_base64, single
from sources.webhook.scheme import Scheme, Tolerance, Verifier
from sources.webhook.secrets import Keys, Secrets, text_key
from sources.webhook.sending import Headers, request_of

SIGNATURE, TIMESTAMP = "x-hubspot-signature-v3", "x-hubspot-request-timestamp"
_OLDER_SIGNATURE = "x-hubspot-signature"
_MIN_SECRET_CHARACTERS = 4
_DIGEST_BYTES = 32
_MAX_TIMESTAMP_DIGITS = 15
_DECODED = {
    f"%{ord(character):02X}": character for character in (":", "/", "?", "@", "!", "$", "'", "(", ")", "*", ",", ";")
}
"""What HubSpot signs undecoded; everything else stays as it is in the URL."""
_ENCODED = re.compile("|".join(_DECODED), re.IGNORECASE)


class HubspotScheme(Scheme):
    """HubSpot (`X-HubSpot-Signature-V3`)."""

    scheme: Literal["hubspot"]
    secrets: Secrets
    tolerance_seconds: Tolerance = 300

    # Of each event of a batch. The event's id alone is not unique, as HubSpot says.
    attributes: ClassVar = Attributes(
        id=expression(
            "body.eventId && join('.', [to_string(body.subscriptionId), to_string(body.eventId), "
            "to_string(body.occurredAt)])"
        ),
        type=body("subscriptionType"),
        subject=body("objectId"),
    )

    def verifier(self) -> Verifier:
        """Any of the secrets: the app's client secret."""
        return HubspotVerifier(self._keys(), self.tolerance_seconds)

    def sign(self, sending: Sending) -> Headers:
        """As HubSpot sends; the id and the type stand in the body."""
        sent_at = f"{sending.sent_at}000"
        digest = hmac.digest(self._keys().first(sending.sent_at), _signed(request_of(sending), sent_at), "sha256")
        return ((TIMESTAMP, sent_at), (SIGNATURE, base64.b64encode(digest).decode()))

    def proofs(self) -> frozenset[str]:
        """The signatures, the older ones too."""
        return frozenset({SIGNATURE, _OLDER_SIGNATURE})

    def _keys(self) -> Keys:
        return Keys(self.secrets, text_key(_MIN_SECRET_CHARACTERS))


class HubspotVerifier:
    """Verifies `{method}{url}{body}{timestamp}`."""

    def __init__(self, keys: Keys, tolerance_seconds: int) -> None:
        self._keys = keys
        self._tolerance_seconds = tolerance_seconds

    def verify(self, request: Request) -> None:
        """Return if the signature matches. Raises ConnectorError (AUTH_FAILED, INPUT_INVALID), whatever the bytes."""
        signature = decode_base64(single(request, SIGNATURE, Reason.SIGNATURE_MISSING), _DIGEST_BYTES)
        if signature is None:
            message = f"The signature is not the canonical base64 of {_DIGEST_BYTES} bytes."
            raise ConnectorError(Reason.SIGNATURE_MALFORMED, message)
        sent_at = single(request, TIMESTAMP, Reason.TIMESTAMP_MISSING)
        _check_window(_milliseconds(sent_at), request.received_at, self._tolerance_seconds)
        signed = _signed(request, sent_at)
        for key in self._keys.current(request.received_at):
            if hmac.compare_digest(hmac.digest(key, signed, "sha256"), signature):
                return
        raise ConnectorError(Reason.SIGNATURE_MISMATCH, "The signature does not match.")


def _signed(request: Request, sent_at: str) -> bytes:
    url = _ENCODED.sub(lambda match: _DECODED[match[0].upper()], request.url)
    return f"{request.method}{url}".encode("latin-1", "backslashreplace") + request.body + sent_at.encode()


def _milliseconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_TIMESTAMP_DIGITS):
        raise ConnectorError(Reason.TIMESTAMP_MALFORMED, "The timestamp must be an integer number of milliseconds.")
    return int(text)


def _check_window(milliseconds: int, now: float, tolerance_seconds: int) -> None:
    if abs(int(now * 1000) - milliseconds) > tolerance_seconds * 1000:
        message = f"The timestamp is more than {tolerance_seconds} seconds off."
        raise ConnectorError(Reason.TIMESTAMP_OUT_OF_WINDOW, message)
