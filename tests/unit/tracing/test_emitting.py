"""The spans of a source that fetches."""

import pytest
from opentelemetry.trace import SpanKind

from router.api import ConnectorError, Reason
from router.kafka.producer import Message
from router.tracing.emitting import traced_publish
from tests.unit.tracing.test_tracer import SAMPLED, maker, names


class Log:
    """A place to publish to."""

    def __init__(self, error: ConnectorError | None = None) -> None:
        self.messages: list[Message] = []
        self._error = error

    async def publish(self, messages: list[Message]) -> None:
        if self._error is not None:
            raise self._error
        self.messages += messages


def message(traceparent: str | None) -> Message:
    headers = [] if traceparent is None else [("traceparent", traceparent.encode())]
    return Message("orders.v1", b"k", b"v", [("ce_id", b"1"), *headers])


async def test_a_transaction_is_one_span_linked_to_the_events_that_are_sampled() -> None:
    spans, exporter = maker(0)
    log = Log()
    messages = [message(None), message(SAMPLED), message(f"{SAMPLED[:-2]}00")]

    await traced_publish(log.publish, spans)(messages)  # type: ignore[arg-type]  # a list is what it is given

    [(name, span)] = names(exporter)
    assert (name, span.kind, len(span.links)) == ("send", SpanKind.CLIENT, 1)
    assert log.messages == messages


async def test_a_transaction_without_sampled_events_has_no_span() -> None:
    spans, exporter = maker(1)

    await traced_publish(Log().publish, spans)([message(None)])  # type: ignore[arg-type]  # as above

    assert not exporter.get_finished_spans()


async def test_a_transaction_that_fails_leaves_its_reason() -> None:
    spans, exporter = maker(0)
    log = Log(ConnectorError(Reason.BROKER_UNAVAILABLE, "away"))

    with pytest.raises(ConnectorError):
        await traced_publish(log.publish, spans)([message(SAMPLED)])  # type: ignore[arg-type]  # as above

    [(_, span)] = names(exporter)
    assert span.status.description == "BROKER_UNAVAILABLE"
