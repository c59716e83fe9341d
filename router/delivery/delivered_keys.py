"""The idempotency keys that a partition has delivered lately, so that an upstream duplicate is not delivered again."""

from collections import OrderedDict
from hashlib import blake2b

_DIGEST_BYTES = 16


class DeliveredKeys:
    """The newest `capacity` keys, as BLAKE2b-128 digests (16 bytes each, whatever the key's length)."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._digests: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, idempotency_key: str) -> bool:
        return _digest(idempotency_key) in self._digests

    def add(self, idempotency_key: str) -> None:
        """Remember a key whose event the sink has accepted."""
        self._digests[_digest(idempotency_key)] = None
        if len(self._digests) > self._capacity:
            self._digests.popitem(last=False)


def _digest(idempotency_key: str) -> bytes:
    return blake2b(idempotency_key.encode(), digest_size=_DIGEST_BYTES).digest()
