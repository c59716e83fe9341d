"""The whole endpoint without Kafka, served from a thread: server, receivers, envelopes, metrics and log.

What is published is encoded as on the way to Kafka and decoded as on the way to a sink, so that each byte is compared.
"""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO

import structlog

from router.api import Event, Items, Reason, Receiver, Record, Reply, Request
from router.config.limits import LimitSettings
from router.config.models import IngressSettings
from router.envelope.codec import Decoder, Encoder
from router.envelope.message import Envelopes
from router.envelope.registry import Registry
from router.envelope.schema import admit, envelope_schema
from router.ingress.seen import Once, SeenKeys
from router.ingress.server import Endpoint, IngressServer
from router.observability.metrics import REGISTRY, SourceMetrics
from router.observability.request_log import IngressObservers
from router.routing import Routed
from tests.attacks.targets import TARGETS, Target

TOPIC = "attacks.v1"
LIMIT = 1_048_576
ENVELOPE = admit(json.dumps(envelope_schema(TOPIC, None)))
_WAIT_SECONDS = 20


class Watching(IngressObservers):
    """The observer that a node has, which remembers the errors that nobody has foreseen."""

    def __init__(self, metrics: dict[str, SourceMetrics]) -> None:
        super().__init__(metrics)
        self.failures: list[Exception] = []

    def failed(self, endpoint: str, error: Exception) -> None:
        super().failed(endpoint, error)
        self.failures.append(error)


class Witness:
    """An endpoint's receiver, of which it is known what has reached it."""

    def __init__(self, path: str, receiver: Receiver, requests: list[Request]) -> None:
        self._path = path
        self._receiver = receiver
        self._requests = requests

    def receive(self, request: Request) -> Sequence[Record] | Items | Reply:
        # The server verifies for unknown paths, too, by somebody's receiver.
        if request.path == self._path:
            self._requests.append(request)
        return self._receiver.receive(request)


class Gateway:
    """A running server. requests: what has reached receivers; events: what sinks would get. Both in order."""

    def __init__(self, targets: Sequence[Target] = TARGETS) -> None:
        self.requests: list[Request] = []
        self.events: list[Event] = []
        self.log = StringIO()
        self.loop_errors: list[str] = []
        self._targets = targets
        self._metrics = {target.name: SourceMetrics(f"attacked-{target.name}") for target in targets}
        self.observer = Watching(self._metrics)
        self._encoder, self._decoder = Encoder(7, ENVELOPE), Decoder.of(ENVELOPE)
        self.number = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(_WAIT_SECONDS)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_WAIT_SECONDS)
        assert not self._thread.is_alive()

    @property
    def carried(self) -> list[bytes]:
        """The data of the events."""
        return [event.data for event in self.events if isinstance(event.data, bytes)]

    def refusals(self, target: str, reason: Reason) -> float:
        """How often requests to the endpoint were refused for this reason, as the metrics tell."""
        name = target if target == "(unknown)" else f"attacked-{target}"
        return REGISTRY.get_sample_value("con_refused_total", {"source": name, "reason": reason}) or 0

    def acceptances(self, target: str) -> float:
        return REGISTRY.get_sample_value("con_accepted_total", {"source": f"attacked-{target}"}) or 0

    def exchange(self, data: bytes, *, half_close: bool = True, wait: float = _WAIT_SECONDS) -> bytes:
        """All that comes back for these bytes, until the server closes."""
        with socket.create_connection(("127.0.0.1", self.number), timeout=wait) as connection:
            answer = b""
            try:
                connection.sendall(data)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65_536):
                    answer += piece
            except (ConnectionResetError, BrokenPipeError):
                # It has closed before it has read everything, as it may.
                pass
            return answer

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._loop.set_exception_handler(lambda _loop, context: self.loop_errors.append(str(context)))
        with Registry("http://127.0.0.1:9") as registry:
            keys = SeenKeys(1_000)
            endpoints = [self._endpoint(target, registry, keys) for target in self._targets]
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.number = free.getsockname()[1]
            limits = LimitSettings(body_seconds=5, max_connections_per_address=10_000)
            settings = IngressSettings(port=self.number, max_body_bytes=LIMIT, request_timeout_seconds=5, limits=limits)
            server = IngressServer(settings, endpoints, self.observer)
            await server.start()
            self._ready.set()
            await self._stop.wait()
            await server.stop()

    def _endpoint(self, target: Target, registry: Registry, keys: SeenKeys) -> Endpoint:
        envelopes = Envelopes("attacks", target.name, None, registry)

        async def publish(records: Sequence[Record], parent: str) -> None:
            routed = Routed(TOPIC, b"key")
            messages = [envelopes.message(self._encoder, record, routed, parent) for record in records]
            self.events += [self._decoder.decode(message.value or b"", message.key, 1) for message in messages]

        metrics = self._metrics[target.name]
        once = Once(target.name, None, keys, publish, metrics.deduplicated)
        return Endpoint(target.name, target.path, Witness(target.path, target.receiver(), self.requests), once.publish)


@contextmanager
def running(targets: Sequence[Target] = TARGETS) -> Iterator[Gateway]:
    """A gateway whose log is caught."""
    gateway = Gateway(targets)
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(gateway.log),
        cache_logger_on_first_use=False,
    )
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()
        structlog.reset_defaults()
