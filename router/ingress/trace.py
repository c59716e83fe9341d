"""The W3C trace context of a request: carried on, or begun here.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

import os
import re

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")


def traceparent(received: str | None) -> str:
    """Our span in the trace of the request; a new trace if the header is missing or malformed."""
    match = _TRACEPARENT.fullmatch(received) if received else None
    if match is None:
        random = os.urandom(24).hex()
        return f"00-{random[:32]}-{random[32:]}-01"
    return f"00-{match[1]}-{os.urandom(8).hex()}-{match[2]}"


def trace_id(parent: str) -> str:
    """The 32 hexadecimal digits that people search for."""
    return parent[3:35]
