"""The spans of what sources that fetch publish: one for each sampled event, and one for their transaction."""

from collections.abc import Awaitable, Callable, Sequence

from opentelemetry.trace import Link, SpanKind

from router.api import Record
from router.envelope.codec import Encoder
from router.envelope.message import Envelopes
from router.envelope.registry import Registry
from router.kafka.producer import Message
from router.routing import Routed
from router.tracing.context import is_valid, span_context
from router.tracing.tracer import Attributes, SpanMaker

Publish = Callable[[Sequence[Message]], Awaitable[None]]
_HEADER = "traceparent"
_MAX_LINKS = 128


class TracedEnvelopes(Envelopes):
    """Envelopes that begin, or go on with, the traces of their events. What is not sampled carries what it came with.

    A record costs a random number if it is not sampled: rows come by the ten thousand a second.
    """

    def __init__(self, pipeline: str, source: str, tenant: str | None, registry: Registry, spans: SpanMaker) -> None:
        super().__init__(pipeline, source, tenant, registry)
        self._spans = spans
        self._connector = source

    def message(self, encoder: Encoder, record: Record, routed: Routed, traceparent: str | None) -> Message:
        """As Envelopes.message."""
        attributes: Attributes = {
            "messaging.system": "kafka",
            "messaging.operation.name": "create",
            "messaging.operation.type": "create",
            "messaging.destination.name": routed.topic,
            "con.connector": self._connector,
        }
        name = f"create {routed.topic}"
        if is_valid(traceparent):
            recorded = self._spans.follow(name, SpanKind.PRODUCER, traceparent, attributes)
        else:
            recorded = self._spans.begin(name, SpanKind.PRODUCER, attributes)
        if recorded is None:
            return super().message(encoder, record, routed, traceparent)
        try:
            return super().message(encoder, record, routed, recorded.traceparent)
        except BaseException as error:
            recorded.fail(error)
            raise
        finally:
            recorded.end()


def traced_publish(publish: Publish, spans: SpanMaker) -> Publish:
    """The same, with a span for each transaction that has sampled events in it, linked to them."""

    async def traced(messages: Sequence[Message]) -> None:
        links = _links(messages)
        if not links:
            await publish(messages)
            return
        attributes: Attributes = {
            "messaging.system": "kafka",
            "messaging.operation.name": "send",
            "messaging.operation.type": "send",
            "messaging.batch.message_count": len(messages),
        }
        recorded = spans.join("send", SpanKind.CLIENT, links, attributes)
        try:
            await publish(messages)
        except BaseException as error:
            recorded.fail(error)
            raise
        finally:
            recorded.end()

    return traced


def _links(messages: Sequence[Message]) -> list[Link]:
    links = []
    for message in messages:
        for name, value in message.headers:
            if name != _HEADER or not isinstance(value, bytes):
                continue
            context = span_context(value.decode())
            if context is not None and context.trace_flags.sampled:
                links.append(Link(context))
                if len(links) == _MAX_LINKS:
                    return links
    return links
