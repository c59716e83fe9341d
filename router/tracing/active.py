"""What traces in this process, if anything does. One for the whole process, as OpenTelemetry's own provider is.

Asked when something is built, never for an event: where traces are off, what is built knows nothing of them, and the
SDK is not even loaded.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from router.config.models import IngressSettings
from router.delivery.agent import MakeWriter
from router.delivery.writer import Writer
from router.envelope.message import Envelopes
from router.envelope.registry import Registry
from router.fetching.emitter import Publish
from router.ingress.observer import IngressObserver
from router.ingress.server import Endpoint, IngressServer
from router.kafka.producer import AsyncProducer
from router.observability.metrics import SourceMetrics
from router.routing import Router
from router.runtime.publisher import Publisher

if TYPE_CHECKING:
    from router.tracing.tracer import SpanMaker

_active: "SpanMaker | None" = None


def activate(spans: "SpanMaker | None") -> None:
    """What is built from now on makes spans, or none."""
    global _active  # noqa: PLW0603  see the module
    _active = spans


def make_server(settings: IngressSettings, endpoints: Sequence[Endpoint], observer: IngressObserver) -> IngressServer:
    """The ingress server."""
    if _active is None:
        return IngressServer(settings, endpoints, observer)
    from router.tracing.requests import TracedServer  # noqa: PLC0415  see the module

    return TracedServer(settings, endpoints, observer, _active)


def make_publisher(router: Router, envelopes: Envelopes, producer: AsyncProducer, metrics: SourceMetrics) -> Publisher:
    """A receiver's way to Kafka."""
    if _active is None:
        return Publisher(router, envelopes, producer, metrics)
    from router.tracing.publishing import TracedPublisher  # noqa: PLC0415  see the module

    return TracedPublisher(router, envelopes, producer, metrics, _active)


def make_envelopes(pipeline: str, source: str, tenant: str | None, registry: Registry) -> Envelopes:
    """What makes the messages of a source that fetches."""
    if _active is None:
        return Envelopes(pipeline, source, tenant, registry)
    from router.tracing.emitting import TracedEnvelopes  # noqa: PLC0415  see the module

    return TracedEnvelopes(pipeline, source, tenant, registry, _active)


def traced(publish: Publish) -> Publish:
    """How a source that fetches publishes its transactions."""
    if _active is None:
        return publish
    from router.tracing.emitting import traced_publish  # noqa: PLC0415  see the module

    return traced_publish(publish, _active)


def make_writer(name: str, group: str) -> MakeWriter:
    """What makes the writers of a sink's agent."""
    if _active is None:
        return Writer
    from router.tracing.deliveries import SinkTracing, TracedWriter  # noqa: PLC0415  see the module

    return partial(TracedWriter, tracing=SinkTracing(_active, name, group))
