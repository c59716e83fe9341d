"""Standard Webhooks 1.0.0: symmetric signatures (v1), and asymmetric ones (v1a).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
import re
from collections.abc import Sequence
from typing import ClassVar, Literal, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from router.api import ConnectorError, Reason, Request, Sending
from sources.webhook.attributes import Attributes, body, header
from sources.webhook.encoding import MAX_SIGNATURES, check_window, decode_base64, single, timestamp
from sources.webhook.scheme import Scheme, Tolerance, Verifier
from sources.webhook.secrets import KeyRing, Secrets
from sources.webhook.sending import Headers
from sources.webhook.standard_keys import StandardKey, derive


class HeaderNames(NamedTuple):
    """Where a request says what."""

    id: str
    timestamp: str
    signature: str


NAMES = HeaderNames("webhook-id", "webhook-timestamp", "webhook-signature")
MAX_ID_CHARACTERS = 255
_DIGEST_BYTES, _SIGNATURE_BYTES = 32, 64
_SYMMETRIC, _ASYMMETRIC = "v1,", "v1a,"
_OTHER_SCHEME = re.compile(r"[a-z]{1,8}[0-9]{1,3}[a-z]?[,=].")
"""Such as `v1a,…`, `v0=…` or `sha1=…`."""


class StandardWebhooksScheme(Scheme):
    """Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`).

    A secret `whsec_…` is for signatures v1, a public key `whpk_…` for signatures v1a.
    """

    scheme: Literal["standard_webhooks"]
    secrets: Secrets
    tolerance_seconds: Tolerance = 300

    attributes: ClassVar = Attributes(id=header(NAMES.id), type=body("type"), time=body("timestamp"))

    def verifier(self) -> Verifier:
        """Any of the secrets."""
        return StandardWebhooks(KeyRing(self.secrets, derive), self.tolerance_seconds)

    def sign(self, sending: Sending) -> Headers:
        """As the reference libraries do. Raises ConnectorError (USAGE) if there is a public key only."""
        key = signing_key(KeyRing(self.secrets, derive), sending)
        return super().sign(sending) if key is None else sign(sending, key)

    def proofs(self) -> frozenset[str]:
        """The signatures."""
        return frozenset({NAMES.signature})


class StandardWebhooks:
    """Verifies `{id}.{timestamp}.{body}`."""

    def __init__(self, keys: KeyRing[StandardKey], tolerance_seconds: int, names: HeaderNames = NAMES) -> None:
        self._keys = keys
        self._tolerance_seconds = tolerance_seconds
        self._names = names

    def verify(self, request: Request) -> None:
        """Return if a signature matches. Raises ConnectorError (AUTH_FAILED, INPUT_INVALID), whatever the bytes."""
        check(request, self._keys.current(request.received_at), self._tolerance_seconds, self._names)


def signing_key(keys: KeyRing[StandardKey], sending: Sending) -> bytes | None:
    """The first secret that signs; None if there are public keys only."""
    return next((key for key in keys.current(sending.sent_at) if isinstance(key, bytes)), None)


def sign(sending: Sending, key: bytes, names: HeaderNames = NAMES) -> Headers:
    """The headers of the event, with a signature v1."""
    signed = f"{sending.id}.{sending.sent_at}.".encode() + sending.body
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return (
        (names.id, sending.id),
        (names.timestamp, str(sending.sent_at)),
        (names.signature, _SYMMETRIC + signature),
    )


def check(request: Request, keys: Sequence[StandardKey], tolerance_seconds: int, names: HeaderNames = NAMES) -> None:
    """Return if a signature matches one of the keys. Raises ConnectorError (AUTH_FAILED, INPUT_INVALID)."""
    symmetric = [key for key in keys if isinstance(key, bytes)]
    public = [key for key in keys if isinstance(key, Ed25519PublicKey)]
    parts = _parts(single(request, names.signature, Reason.SIGNATURE_MISSING))
    # Only signatures of a scheme that there are keys for count: no key is ever used in the other scheme.
    v1 = _of_scheme(parts, _SYMMETRIC) if symmetric or not public else []
    v1a = _of_scheme(parts, _ASYMMETRIC) if public else []
    if not (v1 or v1a):
        raise _unreadable(parts)
    signed = _signed(request, tolerance_seconds, names)
    for key in symmetric:
        # As text, of which each signature has exactly one; only those that do not match need to be decoded.
        expected = base64.b64encode(hmac.digest(key, signed, "sha256"))
        # All are compared, so that the time does not tell which one matched.
        if sum([hmac.compare_digest(expected, signature.encode("latin-1", "replace")) for signature in v1]):
            return
    decoded = [decode_base64(signature, _SIGNATURE_BYTES) for signature in v1a]
    if any(_is_signed_by(key, signature, signed) for key in public for signature in decoded if signature is not None):
        return
    if any(decoded) or any(decode_base64(signature, _DIGEST_BYTES) is not None for signature in v1):
        raise ConnectorError(Reason.SIGNATURE_MISMATCH, "No signature matches.")
    raise ConnectorError(Reason.SIGNATURE_MALFORMED, "No signature is the canonical base64 of as many bytes as it has.")


def _signed(request: Request, tolerance_seconds: int, names: HeaderNames) -> bytes:
    message_id = single(request, names.id, Reason.ID_MALFORMED)
    if not _is_id(message_id):
        raise ConnectorError(
            Reason.ID_MALFORMED, f"The id must be 1 to {MAX_ID_CHARACTERS} printable ASCII characters without a dot."
        )
    sent_at = single(request, names.timestamp, Reason.TIMESTAMP_MISSING)
    check_window(timestamp(sent_at), request.received_at, tolerance_seconds)
    return f"{message_id}.{sent_at}.".encode() + request.body


def _parts(text: str) -> list[str]:
    parts = text.split(" ")
    if len(parts) > MAX_SIGNATURES:
        raise ConnectorError(Reason.TOO_MANY_SIGNATURES, f"More than {MAX_SIGNATURES} signatures.")
    return parts


def _of_scheme(parts: Sequence[str], prefix: str) -> list[str]:
    """The signatures as they were sent, without their prefix."""
    return [part[len(prefix) :] for part in parts if part.startswith(prefix)]


def _unreadable(parts: Sequence[str]) -> ConnectorError:
    if all(_OTHER_SCHEME.match(part) for part in parts):
        return ConnectorError(Reason.SCHEME_NOT_ALLOWED, "No signature of a scheme that the endpoint has a key for.")
    return ConnectorError(Reason.SIGNATURE_MALFORMED, "The signature header cannot be read.")


def _is_signed_by(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _is_id(text: str) -> bool:
    return 0 < len(text) <= MAX_ID_CHARACTERS and text.isascii() and text.isprintable() and "." not in text
