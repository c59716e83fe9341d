"""The spans of a sink's deliveries."""

from dataclasses import replace

from opentelemetry.trace import StatusCode

from router.api import ConnectorError, Reason
from router.delivery.writer import Chunk, Item
from router.testing import ScriptedSink
from router.tracing.deliveries import SinkTracing, TracedWriter
from router.tracing.tracer import SpanMaker
from tests.unit.delivery.doubles import PARTITION, Refusals, Watch, chunk, terms
from tests.unit.tracing.test_tracer import SAMPLED, maker, names


def writer(sink: ScriptedSink, spans: SpanMaker, give_up_after_seconds: float = 0) -> TracedWriter:
    tracing = SinkTracing(spans, "store", "shop.store")
    return TracedWriter(sink, PARTITION, Refusals(), terms(Watch(), give_up_after_seconds), tracing)


def sampled(some: Chunk, *offsets: int) -> Chunk:
    """The chunk with the events at these offsets sampled."""
    items = [
        Item(item.record, item.event._replace(traceparent=SAMPLED)) if item.record.offset in offsets else item
        for item in some.items
    ]
    return replace(some, items=tuple(items))


async def test_each_sampled_event_of_a_batch_has_a_span_and_goes_on_with_it() -> None:
    spans, exporter = maker(0)
    sink = ScriptedSink()

    await writer(sink, spans).write(sampled(chunk(1, 2, 3), 2))

    [(name, span)] = names(exporter)
    assert (name, span.attributes and span.attributes["messaging.kafka.offset"]) == ("store orders.v1", 2)
    assert [event.traceparent for event in sink.accepted] == [
        None,
        f"{SAMPLED[:36]}{span.context.span_id:016x}-01",
        None,
    ]


async def test_a_batch_without_sampled_events_is_handed_on_as_it_is() -> None:
    spans, exporter = maker(1)
    sink = ScriptedSink()

    await writer(sink, spans).write(chunk(1, 2))

    assert len(sink.accepted) == 2
    assert not exporter.get_finished_spans()


async def test_an_attempt_that_fails_is_an_event_of_the_span_and_no_error() -> None:
    spans, exporter = maker(0)
    sink = ScriptedSink([ConnectorError(Reason.TARGET_UNREACHABLE, "away")] * 2)

    await writer(sink, spans).write(sampled(chunk(1), 1))

    [(_, span)] = names(exporter)
    assert [event.name for event in span.events] == ["attempt failed", "attempt failed"]
    assert [dict(event.attributes or {}) for event in span.events] == [{"error.type": "TARGET_UNREACHABLE"}] * 2
    assert span.status.status_code is StatusCode.UNSET


async def test_only_the_event_that_is_dead_lettered_has_an_error() -> None:
    spans, exporter = maker(0)
    sink = ScriptedSink(poison=["e2"])

    await writer(sink, spans).write(sampled(chunk(1, 2, 3), 1, 2, 3))

    status = {(span.attributes or {})["messaging.kafka.offset"]: span.status.status_code for _, span in names(exporter)}
    assert status == {1: StatusCode.UNSET, 2: StatusCode.ERROR, 3: StatusCode.UNSET}
