"""The keys of Standard Webhooks, whose prefixes say which kind they are, so that none is taken for another.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
"""

import base64
import binascii

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from router.api import ConnectorError, Reason

SECRET_PREFIX, PUBLIC_PREFIX = "whsec_", "whpk_"
MIN_KEY_BYTES, MAX_KEY_BYTES = 24, 64
_PUBLIC_BYTES = 32

StandardKey = bytes | Ed25519PublicKey
"""The key of an HMAC, or a public key. Their types keep them apart."""


def derive(secret: str, min_bytes: int = MIN_KEY_BYTES) -> StandardKey:
    """The key in `whsec_…` or `whpk_…`. Raises ConnectorError (SECRET_UNUSABLE)."""
    return _public(secret) if secret.startswith(PUBLIC_PREFIX) else symmetric(secret, min_bytes)


def symmetric(secret: str, min_bytes: int = MIN_KEY_BYTES) -> bytes:
    """The key in `whsec_…`; the prefix may be missing, as senders' libraries allow. Raises ConnectorError."""
    key = _decoded(secret.removeprefix(SECRET_PREFIX))
    if not min_bytes <= len(key) <= MAX_KEY_BYTES:
        raise ConnectorError(
            Reason.SECRET_UNUSABLE,
            f"the secret is not `whsec_` and the base64 of {min_bytes} to 64 bytes, nor a public key `whpk_…`.",
            fix="Make one: python3 -c \"import base64,os; print('whsec_'+base64.b64encode(os.urandom(32)).decode())\"",
        )
    return key


def _public(secret: str) -> Ed25519PublicKey:
    key = _decoded(secret.removeprefix(PUBLIC_PREFIX))
    if len(key) != _PUBLIC_BYTES:
        raise ConnectorError(
            Reason.SECRET_UNUSABLE,
            f"the public key is not `whpk_` and the base64 of {_PUBLIC_BYTES} bytes.",
            fix="Copy it anew from the sender.",
        )
    return Ed25519PublicKey.from_public_bytes(key)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
