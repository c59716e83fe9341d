"""Standard Webhooks 1.0.0, symmetric signatures (v1).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from typing import ClassVar, Literal

from router.api import ConnectorError, Reason, Request
from sources.webhook.attributes import Attributes, body, header
from sources.webhook.encoding import MAX_SIGNATURES, check_window, decode_base64, single, timestamp
from sources.webhook.scheme import Scheme, Tolerance, Verifier
from sources.webhook.secrets import Keys, Secrets

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
MIN_KEY_BYTES, MAX_KEY_BYTES = 24, 64
MAX_ID_CHARACTERS = 255
_DIGEST_BYTES = 32
_SCHEME = "v1,"
_OTHER_SCHEME = re.compile(r"[a-z]{1,8}[0-9]{1,3}[a-z]?[,=].")
"""Such as `v1a,…`, `v0=…` or `sha1=…`."""


def derive(secret: str) -> bytes:
    """The key in a `whsec_…` secret. Raises ConnectorError (SECRET_UNUSABLE)."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise ConnectorError(
            Reason.SECRET_UNUSABLE,
            "the secret is not the base64 of 24 to 64 bytes.",
            fix="Make one: python3 -c \"import base64,os; print('whsec_'+base64.b64encode(os.urandom(32)).decode())\"",
        )
    return key


class StandardWebhooksScheme(Scheme):
    """Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`)."""

    scheme: Literal["standard_webhooks"]
    secrets: Secrets
    tolerance_seconds: Tolerance = 300

    attributes: ClassVar = Attributes(id=header(ID), type=body("type"), time=body("timestamp"))

    def verifier(self) -> Verifier:
        """Any of the secrets."""
        return StandardWebhooks(Keys(self.secrets, derive), self.tolerance_seconds)

    def proofs(self) -> frozenset[str]:
        """The signatures."""
        return frozenset({SIGNATURE})


class StandardWebhooks:
    """Verifies `{id}.{timestamp}.{body}`."""

    def __init__(self, keys: Keys, tolerance_seconds: int) -> None:
        self._keys = keys
        self._tolerance_seconds = tolerance_seconds

    def verify(self, request: Request) -> None:
        """Return if a signature matches. Raises ConnectorError (AUTH_FAILED, INPUT_INVALID), whatever the bytes."""
        signatures = _signatures(single(request, SIGNATURE, Reason.SIGNATURE_MISSING))
        message_id = single(request, ID, Reason.ID_MALFORMED)
        if not _is_id(message_id):
            raise ConnectorError(
                Reason.ID_MALFORMED,
                f"The id must be 1 to {MAX_ID_CHARACTERS} printable ASCII characters without a dot.",
            )
        sent_at = single(request, TIMESTAMP, Reason.TIMESTAMP_MISSING)
        check_window(timestamp(sent_at), request.received_at, self._tolerance_seconds)
        signed = f"{message_id}.{sent_at}.".encode() + request.body
        for key in self._keys.current(request.received_at):
            # As text, of which each signature has exactly one; only those that do not match need to be decoded.
            expected = base64.b64encode(hmac.digest(key, signed, "sha256"))
            # All are compared, so that the time does not tell which one matched.
            if sum([hmac.compare_digest(expected, signature) for signature in signatures]):
                return
        raise _mismatch(signatures)


def _signatures(text: str) -> list[bytes]:
    """The v1 signatures as they were sent, without their prefix."""
    parts = text.split(" ")
    if len(parts) > MAX_SIGNATURES:
        raise ConnectorError(Reason.TOO_MANY_SIGNATURES, f"More than {MAX_SIGNATURES} signatures.")
    ours = [part[len(_SCHEME) :].encode("latin-1", "replace") for part in parts if part.startswith(_SCHEME)]
    if not ours:
        if all(_OTHER_SCHEME.match(part) for part in parts):
            raise ConnectorError(Reason.SCHEME_NOT_ALLOWED, "No signature of scheme v1.")
        raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The signature header cannot be read.")
    return ours


def _mismatch(signatures: Sequence[bytes]) -> ConnectorError:
    if all(decode_base64(signature.decode("latin-1"), _DIGEST_BYTES) is None for signature in signatures):
        message = "No v1 signature is the canonical base64 of 32 bytes."
        return ConnectorError(Reason.SIGNATURE_MALFORMED, message)
    return ConnectorError(Reason.SIGNATURE_MISMATCH, "No signature matches.")


def _is_id(text: str) -> bool:
    return 0 < len(text) <= MAX_ID_CHARACTERS and text.isascii() and text.isprintable() and "." not in text
