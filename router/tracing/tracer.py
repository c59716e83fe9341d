"""Decides which traces are recorded, and begins their spans."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer

from router.api import ConnectorError, Reason
from router.tracing.context import header, is_sampled, is_valid, parent

Attributes = Mapping[str, str | int]
_LOW_BITS = (1 << 64) - 1
_random = random.Random()  # noqa: S311  a trace's id must be unlikely to repeat, not hard to guess


class GivenIds(RandomIdGenerator):
    """Trace ids for the SDK: the one that was drawn to decide about the trace, otherwise a random one."""

    def __init__(self) -> None:
        self.given: int | None = None

    def generate_trace_id(self) -> int:
        """The id of a new trace."""
        given, self.given = self.given, None
        return super().generate_trace_id() if given is None else given


@dataclass(frozen=True, slots=True)
class Recorded:
    """A span that is being recorded. traceparent: what its children, here and elsewhere, are told."""

    span: Span
    traceparent: str

    def fail(self, error: BaseException) -> None:
        """Note what went wrong: the reason's code and no text, since a message may repeat what came from outside."""
        self.fail_with(error.reason if isinstance(error, ConnectorError) else Reason.INTERNAL_BUG)

    def fail_with(self, reason: Reason) -> None:
        """Note what went wrong."""
        self.span.set_attribute("error.type", str(reason))
        self.span.set_status(Status(StatusCode.ERROR, str(reason)))

    def end(self) -> None:
        """It is over; it is exported some time later."""
        self.span.end()


class SpanMaker:
    """Begins spans. What is not sampled makes none: an unsampled event costs a look at its header, or a random number.

    A trace that comes in is recorded if its sender records it; of those that begin here, `ratio`, by their id.
    """

    def __init__(self, tracer: Tracer, ids: GivenIds, ratio: float) -> None:
        self._tracer = tracer
        self._ids = ids
        self._bound = TraceIdRatioBased.get_bound_for_rate(ratio)

    def follow(self, name: str, kind: SpanKind, traceparent: str | None, attributes: Attributes) -> Recorded | None:
        """A child of the header's span, if that is recorded."""
        if traceparent is None or not is_sampled(traceparent):
            return None
        return self._begin(name, kind, parent(traceparent), attributes)

    def enter(
        self, name: str, kind: SpanKind, traceparent: str | None, attributes: Attributes
    ) -> tuple[str, Recorded | None]:
        """The span where data comes in, and the header to go on with: of the trace that it comes with, or a new one."""
        if traceparent is not None and is_valid(traceparent):
            recorded = self.follow(name, kind, traceparent, attributes)
            # A new span id, as if the span was kept: what the sender knows by its own must not have two parents.
            unrecorded = f"{traceparent[:36]}{_random.getrandbits(64) or 1:016x}{traceparent[52:]}"
        else:
            trace = _random.getrandbits(128) or 1
            recorded = self._root(name, kind, trace, attributes)
            unrecorded = f"00-{trace:032x}-{_random.getrandbits(64) or 1:016x}-00"
        return (unrecorded, None) if recorded is None else (recorded.traceparent, recorded)

    def begin(self, name: str, kind: SpanKind, attributes: Attributes) -> Recorded | None:
        """The first span of a new trace, if that is recorded."""
        return self._root(name, kind, _random.getrandbits(128) or 1, attributes)

    def join(self, name: str, kind: SpanKind, links: list[Link], attributes: Attributes) -> Recorded:
        """A span about several recorded ones: in the first one's trace, with links to all."""
        first = parent(header(links[0].context))
        return self._begin(name, kind, first, attributes, links)

    def _root(self, name: str, kind: SpanKind, trace: int, attributes: Attributes) -> Recorded | None:
        if trace & _LOW_BITS >= self._bound:
            return None
        self._ids.given = trace
        return self._begin(name, kind, Context(), attributes)

    def _begin(
        self, name: str, kind: SpanKind, context: Context, attributes: Attributes, links: list[Link] | None = None
    ) -> Recorded:
        span = self._tracer.start_span(name, context, kind, attributes, links)
        return Recorded(span, header(span.get_span_context()))
