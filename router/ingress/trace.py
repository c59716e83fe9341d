"""The W3C trace context of a request: carried on, or begun here.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

import random
import re

_random = random.Random()  # noqa: S311  a span's id must be unlikely to repeat, not hard to guess
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")


def traceparent(received: str | None) -> str:
    """Our span in the trace of the request; a new trace, unrecorded, if the header is missing or malformed."""
    match = _TRACEPARENT.fullmatch(received) if received else None
    if match is None:
        return f"00-{_random.getrandbits(128) or 1:032x}-{_random.getrandbits(64) or 1:016x}-00"
    return f"00-{match[1]}-{_random.getrandbits(64) or 1:016x}-{match[2]}"


def trace_id(parent: str) -> str:
    """The 32 hexadecimal digits that people search for."""
    return parent[3:35]
