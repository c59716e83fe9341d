"""The span of a request: from its last byte to its answer."""

from collections.abc import Sequence

from aiohttp.http_parser import RawRequestMessage
from opentelemetry.trace import SpanKind

from router.api import Peer
from router.config.models import IngressSettings
from router.ingress.answers import Answer
from router.ingress.observer import IngressObserver
from router.ingress.server import Endpoint, IngressServer
from router.tracing.tracer import Recorded, SpanMaker

_SERVER_ERROR = 500


class TracedServer(IngressServer):
    """An ingress server with a span for each request that is sampled. What it does not record costs no span."""

    def __init__(
        self, settings: IngressSettings, endpoints: Sequence[Endpoint], observer: IngressObserver, spans: SpanMaker
    ) -> None:
        super().__init__(settings, endpoints, observer)
        self._spans = spans

    async def answer(self, message: RawRequestMessage, body: bytes, peer: Peer, parent: str | None = None) -> Answer:
        """Handle a complete request; never raises."""
        received = parent or message.headers.get("traceparent")
        path = message.path.partition("?")[0]
        known = path in self._endpoints
        attributes: dict[str, str | int] = {"http.request.method": "POST", "server.port": self._settings.port}
        if known:  # any other path is whatever a stranger wrote
            attributes["http.route"] = path
        name = f"POST {path}" if known else "POST"
        traceparent, recorded = self._spans.enter(name, SpanKind.SERVER, received, attributes)
        if recorded is None:
            return await super().answer(message, body, peer, traceparent)
        try:
            answer = await super().answer(message, body, peer, traceparent)
            _note(recorded, answer)
        finally:
            recorded.end()
        return answer


def _note(recorded: Recorded, answer: Answer) -> None:
    recorded.span.set_attribute("http.response.status_code", answer.status)
    if answer.reason is not None:
        recorded.span.set_attribute("error.type", str(answer.reason))
        if answer.status >= _SERVER_ERROR:
            # A refusal is the sender's error, not the server's: see the semantic conventions.
            recorded.fail_with(answer.reason)
