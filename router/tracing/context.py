"""The header `traceparent`, read and written.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

import re

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED = frozenset("13579bdf")


def is_sampled(traceparent: str | None) -> bool:
    """Whether the header is well-formed and says that its trace is recorded."""
    return traceparent is not None and traceparent[-1:] in _SAMPLED and is_valid(traceparent)


def is_valid(traceparent: str | None) -> bool:
    """Whether the header is well-formed."""
    return traceparent is not None and _TRACEPARENT.fullmatch(traceparent) is not None


def span_context(traceparent: str) -> SpanContext | None:
    """The span that the header names; None if it is malformed."""
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None:
        return None
    return SpanContext(int(match[1], 16), int(match[2], 16), is_remote=True, trace_flags=TraceFlags(int(match[3], 16)))


def parent(traceparent: str) -> Context:
    """The context in which a span is a child of the header's. An empty one for a malformed header."""
    context = span_context(traceparent)
    return Context() if context is None else set_span_in_context(NonRecordingSpan(context), Context())


def header(context: SpanContext) -> str:
    """The header that names the span."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
