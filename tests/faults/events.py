"""The webhooks of the load: each says which one it is, and is signed as Standard Webhooks has it."""

import base64
import hmac
from hashlib import blake2b
from typing import NamedTuple

SECRET_BYTES = b"faults-are-signed-with-this-key!"
SECRET = "whsec_" + base64.b64encode(SECRET_BYTES).decode()
_PAD = "x" * 256


class Place(NamedTuple):
    """Which event it is: the number of its ordering key, and its number among the key's events, from 0."""

    key: int
    seq: int


def identity(run: str, place: Place) -> str:
    """The event's id."""
    return f"{run}-{place.key}-{place.seq}"


def place_of(event_id: str) -> Place:
    """The place in an id. Raises ValueError if it is none of ours."""
    _, key, seq = event_id.split("-")
    return Place(int(key), int(seq))


def ordering_key(place: Place) -> str:
    """The ordering key."""
    return f"k{place.key}"


def body(run: str, place: Place) -> bytes:
    """The webhook's body, JSON of some 300 bytes."""
    return f'{{"key":"{ordering_key(place)}","seq":{place.seq},"run":"{run}","pad":"{_PAD}"}}'.encode()


def digest(data: bytes) -> bytes:
    """What tells one body from every other."""
    return blake2b(data, digest_size=8).digest()


def signed_headers(event_id: str, content: bytes, now: float) -> dict[str, str]:
    """The headers of a request that is sent now (seconds since the epoch)."""
    timestamp = str(int(now))
    signature = hmac.digest(SECRET_BYTES, f"{event_id}.{timestamp}.".encode() + content, "sha256")
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
        "content-type": "application/json",
    }
