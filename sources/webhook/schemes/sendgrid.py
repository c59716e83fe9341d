"""SendGrid's signatures: ECDSA on P-256 with SHA-256, of a timestamp and the body.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
"""

import base64
from typing import Annotated, ClassVar, Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import AfterValidator, Field

from router.api import ConnectorError, Reason, Request
from sources.webhook.attributes import Attributes, body
from sources.webhook.encoding import check_window, decode_base64, single, timestamp
from sources.webhook.scheme import Scheme, Tolerance, Verifier

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
_MAX_DER_BYTES = 72
"""Two numbers of 33 bytes at most, with their tags and lengths."""


def public_key(text: str) -> ec.EllipticCurvePublicKey:
    """The key on P-256 of which the text is the base64. Raises ValueError."""
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    message = "must be the base64 of a public key on the curve P-256, as SendGrid shows it"
    raise ValueError(message)


def _readable(text: str) -> str:
    public_key(text)
    return text


PublicKey = Annotated[str, Field(max_length=500), AfterValidator(_readable)]


class SendgridScheme(Scheme):
    """SendGrid (`X-Twilio-Email-Event-Webhook-Signature`)."""

    scheme: Literal["sendgrid"]
    public_keys: tuple[PublicKey, ...] = Field(
        min_length=1, max_length=4, description="SendGrid's verification key, which is no secret; several of them."
    )
    tolerance_seconds: Tolerance = 300

    # Of each event of a batch.
    attributes: ClassVar = Attributes(
        id=body("sg_event_id"),
        type=body("event"),
        subject=body("email"),
        time=body("timestamp"),
    )

    def verifier(self) -> Verifier:
        """Any of the keys."""
        return SendgridVerifier([public_key(text) for text in self.public_keys], self.tolerance_seconds)

    def proofs(self) -> frozenset[str]:
        """The signature."""
        return frozenset({SIGNATURE})


class SendgridVerifier:
    """Verifies `{timestamp}{body}`."""

    def __init__(self, keys: list[ec.EllipticCurvePublicKey], tolerance_seconds: int) -> None:
        self._keys = keys
        self._tolerance_seconds = tolerance_seconds

    def verify(self, request: Request) -> None:
        """Return if the signature matches. Raises ConnectorError (AUTH_FAILED, INPUT_INVALID), whatever the bytes."""
        signature = _signature(single(request, SIGNATURE, Reason.SIGNATURE_MISSING))
        sent_at = single(request, TIMESTAMP, Reason.TIMESTAMP_MISSING)
        check_window(timestamp(sent_at), request.received_at, self._tolerance_seconds)
        signed = sent_at.encode() + request.body
        if not any(_matches(key, signature, signed) for key in self._keys):
            raise ConnectorError(Reason.SIGNATURE_MISMATCH, "The signature does not match.")


def _signature(text: str) -> bytes:
    # The length of DER varies; of the base64 text it follows.
    length = len(text) // 4 * 3 - text[-2:].count("=")
    signature = decode_base64(text, length) if length <= _MAX_DER_BYTES else None
    if signature is None:
        raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The signature is not the canonical base64 of a signature.")
    return signature


def _matches(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
