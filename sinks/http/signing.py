"""Signatures by Standard Webhooks 1.0: https://github.com/standard-webhooks/standard-webhooks."""

import base64
import binascii
import hashlib
import hmac

from router.api import ConnectorError, Reason, Secret

_PREFIX = "whsec_"
_MIN_KEY_BYTES = 24
_MAX_KEY_BYTES = 64


class Signer:
    """Signs with a secret as it is now: a changed one is used from the next event on."""

    def __init__(self, secret: Secret) -> None:
        """Raises ConnectorError (SECRET_NOT_FOUND, SECRET_UNUSABLE), so that a bad secret is found at the start."""
        self._secret = secret
        self._revealed = ""
        self._key = b""
        self._current_key()

    def sign(self, message_id: str, timestamp: str, body: bytes) -> str:
        """The value of `webhook-signature`. Raises ConnectorError (SECRET_NOT_FOUND, SECRET_UNUSABLE)."""
        signed = b"".join((message_id.encode(), b".", timestamp.encode(), b".", body))
        digest = hmac.digest(self._current_key(), signed, "sha256")
        return "v1," + binascii.b2a_base64(digest, newline=False).decode()

    def _current_key(self) -> bytes:
        revealed = self._secret.reveal()
        if revealed != self._revealed:
            self._key = _key(revealed, self._secret.reference)
            self._revealed = revealed
        return self._key


def message_id(idempotency_key: str) -> str:
    """The value of `webhook-id`: the same for every delivery of an event, and free of the dots that sign-text uses."""
    return "msg_" + hashlib.blake2b(idempotency_key.encode(), digest_size=16).hexdigest()


def _key(revealed: str, reference: str) -> bytes:
    try:
        key = base64.b64decode(revealed.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not revealed.startswith(_PREFIX) or not _MIN_KEY_BYTES <= len(key) <= _MAX_KEY_BYTES:
        raise ConnectorError(
            Reason.SECRET_UNUSABLE,
            f"{reference} is not a signing secret.",
            fix=f"Use {_PREFIX} and {_MIN_KEY_BYTES} to {_MAX_KEY_BYTES} random bytes in base64.",
        )
    return key
