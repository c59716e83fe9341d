"""Webhooks signed as Standard Webhooks says, about 1 KB each, all distinct."""

import base64
import hmac
import time
from collections.abc import Iterator
from pathlib import Path

KEY = b"benchmarks-sign-with-this-key-ok"
SECRET = "whsec_" + base64.b64encode(KEY).decode()

BODY_BYTES = 1024
_HEAD = '{"type":"invoice.paid","data":{"id":"'
_NUMBER_DIGITS = 12
_FILLER_HEAD = '","currency":"EUR","amount":1999,"note":"'
_FILLER_TAIL = '"}}'
_FILLER = "x" * (BODY_BYTES - len(_HEAD) - _NUMBER_DIGITS - len(_FILLER_HEAD) - len(_FILLER_TAIL))
_TAIL = _FILLER_HEAD + _FILLER + _FILLER_TAIL


def message_id(number: int) -> str:
    """The webhook's id, of the same length for each."""
    return f"msg_{number:012d}"


def body(number: int) -> bytes:
    """The webhook's body: JSON, 1,024 bytes."""
    return f"{_HEAD}{number:012d}{_TAIL}".encode()


def signature(number: int, timestamp: int) -> str:
    """The webhook's signature, base64 without the `v1,` before it."""
    signed = f"{message_id(number)}.{timestamp}.".encode() + body(number)
    return base64.b64encode(hmac.digest(KEY, signed, "sha256")).decode()


def bodies(count: int) -> Iterator[bytes]:
    """The bodies of the first `count` webhooks."""
    return (body(number) for number in range(count))


def write_signatures(path: Path, count: int) -> None:
    """Write what `webhooks.lua` reads: timestamp, head and tail of the body, then a signature per line.

    The load generator then only joins strings, which takes it less than a microsecond a request.
    """
    timestamp = int(time.time())
    with path.open("w") as file:
        file.write(f"{timestamp}\n{_HEAD}\n{_TAIL}\n")
        file.writelines(f"{signature(number, timestamp)}\n" for number in range(count))
