"""Which traces are recorded, and how a reason gets into a span."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind

from router.api import ConnectorError, Reason
from router.tracing.context import is_sampled, span_context
from router.tracing.tracer import GivenIds, SpanMaker

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SAMPLED = f"00-{TRACE}-00f067aa0ba902b7-01"


def maker(ratio: float) -> tuple[SpanMaker, InMemorySpanExporter]:
    ids, exporter = GivenIds(), InMemorySpanExporter()
    provider = TracerProvider(ParentBased(TraceIdRatioBased(ratio)), id_generator=ids, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return SpanMaker(provider.get_tracer("test"), ids, ratio), exporter


def names(exporter: InMemorySpanExporter) -> list[tuple[str, ReadableSpan]]:
    return [(span.name, span) for span in exporter.get_finished_spans()]


def test_of_the_traces_begun_here_the_ratio_is_recorded() -> None:
    spans, _ = maker(0.25)
    drawn = [spans.enter("in", SpanKind.SERVER, None, {}) for _ in range(4_000)]

    recorded = [traceparent for traceparent, span in drawn if span is not None]

    assert 800 < len(recorded) < 1_200
    assert {is_sampled(traceparent) for traceparent in recorded} == {True}
    assert {is_sampled(traceparent) for traceparent, span in drawn if span is None} == {False}


@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_a_sender_that_records_its_trace_is_followed_whatever_the_ratio(ratio: float) -> None:
    spans, exporter = maker(ratio)

    traceparent, recorded = spans.enter("in", SpanKind.SERVER, SAMPLED, {})
    assert recorded is not None
    recorded.end()

    [(_, span)] = names(exporter)
    assert span.parent is not None
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, "00f067aa0ba902b7")
    assert traceparent == f"00-{TRACE}-{span.context.span_id:016x}-01"


def test_a_sender_that_does_not_record_its_trace_is_not_recorded_here() -> None:
    spans, exporter = maker(1.0)

    traceparent, recorded = spans.enter("in", SpanKind.SERVER, f"{SAMPLED[:-2]}00", {})

    assert recorded is None
    assert (traceparent[:36], traceparent[-3:]) == (f"00-{TRACE}-", "-00")
    assert not exporter.get_finished_spans()


def test_the_id_that_decided_about_a_trace_is_the_trace_s() -> None:
    spans, exporter = maker(1.0)

    traceparent, recorded = spans.enter("in", SpanKind.SERVER, "nonsense", {})
    assert recorded is not None
    recorded.end()

    [(_, span)] = names(exporter)
    assert (traceparent[3:35], span.parent) == (f"{span.context.trace_id:032x}", None)


def test_an_error_leaves_its_reason_and_not_its_text() -> None:
    spans, exporter = maker(1.0)

    recorded = spans.begin("create", SpanKind.PRODUCER, {})
    assert recorded is not None
    recorded.fail(ConnectorError(Reason.ENCODE_FAILED, "the value 4111-1111 is not a number"))
    recorded.end()

    [(_, span)] = names(exporter)
    assert span.status.description == "ENCODE_FAILED"
    assert "4111" not in span.to_json()


@pytest.mark.parametrize(
    "traceparent", ["", "00", f"{SAMPLED}-x", f"01{SAMPLED[2:]}", f"00-{'0' * 32}-00f067aa0ba902b7-01", SAMPLED.upper()]
)
def test_a_malformed_header_names_no_span(traceparent: str) -> None:
    assert span_context(traceparent) is None
    assert not is_sampled(traceparent)
