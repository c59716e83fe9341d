"""Turns traces on: the SDK, its thread that sends spans in batches, and the end of both."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from router.config.models import TracesSettings
from router.kafka.blocking import call_blocking
from router.observability.metrics import SPANS_DROPPED
from router.tracing.active import activate
from router.tracing.tracer import GivenIds, SpanMaker

_SCOPE = "northfield-con"
_QUEUE = 8_192
_REQUEST_SECONDS = 5
_END_SECONDS = 3


class CountingExporter(OTLPSpanExporter):
    """An exporter that counts what the collector did not take."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send the spans; called by the thread of the SDK."""
        result = super().export(spans)
        if result is not SpanExportResult.SUCCESS:
            SPANS_DROPPED.inc(len(spans))
        return result


@asynccontextmanager
async def exporting(settings: TracesSettings, pipeline: str) -> AsyncIterator[SpanMaker]:
    """Traces are on while the context lasts.

    Spans wait in a bounded queue for a thread that sends them; where the collector is away, the oldest are dropped.
    """
    # Its retries would fill the log for as long as a collector is away.
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)
    resource = Resource.create({"service.name": pipeline, "service.version": version("northfield-con")})
    ids = GivenIds()
    sampler = ParentBased(TraceIdRatioBased(settings.sample_ratio))
    provider = TracerProvider(sampler, resource, shutdown_on_exit=False, id_generator=ids)
    exporter = CountingExporter(endpoint=settings.otlp_url, timeout=_REQUEST_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter, _QUEUE))
    # For connectors, which use OpenTelemetry's API and nothing of ours.
    trace.set_tracer_provider(provider)
    maker = SpanMaker(provider.get_tracer(_SCOPE, version(_SCOPE)), ids, settings.sample_ratio)
    activate(maker)
    try:
        yield maker
    finally:
        activate(None)
        # What is not sent by then is not worth waiting for.
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await call_blocking(provider.shutdown, "traces-end")
