"""The span of each request whose event's trace is recorded, through OpenTelemetry's API."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import ProxyTracerProvider, Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from router.api import ConnectorError

_SAMPLED = frozenset("13579bdf")
_PROPAGATOR = TraceContextTextMapPropagator()


class Spans:
    """Makes the client spans of one endpoint."""

    def __init__(self, tracer: Tracer, url: str) -> None:
        parts = urlsplit(url)
        self._tracer = tracer
        self._attributes: dict[str, str | int] = {
            "http.request.method": "POST",
            "server.address": parts.hostname or "",
            "server.port": parts.port or (443 if parts.scheme == "https" else 80),
            # Without the query, where secrets may be.
            "url.full": f"{parts.scheme}://{parts.netloc}{parts.path}",
        }

    @contextmanager
    def request(self, headers: dict[str, str]) -> Iterator[Span | None]:
        """The span of a request, whose `traceparent` becomes the span's; None if the event's trace is not recorded."""
        if headers.get("traceparent", "")[-1:] not in _SAMPLED:
            yield None
            return
        context = _PROPAGATOR.extract({"traceparent": headers["traceparent"]}, Context())
        span = self._tracer.start_span("POST", context, SpanKind.CLIENT, self._attributes)
        _PROPAGATOR.inject(headers, trace.set_span_in_context(span, Context()))
        try:
            yield span
        except ConnectorError as error:
            _fail(span, error)
            raise
        finally:
            span.end()


def open_spans(url: str) -> Spans | None:
    """Makes the spans of the endpoint; None if nobody has set OpenTelemetry up, so that nothing would be recorded."""
    provider = trace.get_tracer_provider()
    return None if isinstance(provider, ProxyTracerProvider) else Spans(provider.get_tracer("sinks.http"), url)


def note_answer(span: Span, status: int, error: ConnectorError | None) -> None:
    """What the endpoint answered, and what that means."""
    span.set_attribute("http.response.status_code", status)
    if error is not None:
        _fail(span, error)


def _fail(span: Span, error: ConnectorError) -> None:
    # The reason's code alone: a message may repeat what came from outside.
    span.set_attribute("error.type", str(error.reason))
    span.set_status(Status(StatusCode.ERROR, str(error.reason)))
