"""An engine as a Faust application: handlers for the events of topics."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any

import structlog
from faust import Stream

from router.api import ConnectorError, Reason
from router.config.environment import environment
from router.engine.embedded import EmbeddedApp, keep_running, run_embedded
from router.engine.handling import Handling
from router.engine.memories import Memories
from router.engine.record import FaustRecord
from router.engine.selection import Handler, Selection
from router.engine.settings import EngineSettings
from router.engine.topics import handled_table, prepare
from router.envelope.registry import Registry
from router.kafka.clients import producer as producer_settings
from router.kafka.producer import AsyncProducer
from router.observability.logs import configure
from router.runtime.signals import stop_on_signals

_POLL_SECONDS = 0.05
_log = structlog.get_logger("router.engine")


class EngineApp:
    """Takes the events of its topics one after the other and hands each to one handler.

    An event is acknowledged when its handler has returned, or when the dead letter of what it raised is durable.
    Several processes with the same name share the partitions.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._selections: dict[str, Selection] = {}
        self._stop = asyncio.Event()
        self._app: EmbeddedApp | None = None
        self._at_work = 0
        self._failure: asyncio.Future[Exception]

    def on(self, topic: str, types: Collection[str] | None = None) -> Callable[[Handler], Handler]:
        """Decorate an async function that gets the topic's events of these types; None: all that no other handler has.

        Raises ValueError if a type has a handler already.
        """

        def register(handler: Handler) -> Handler:
            self._selections.setdefault(topic, Selection()).add(handler, types)
            return handler

        return register

    def waiting(self) -> dict[str, str]:
        """What is not ready, and why."""
        is_ready = self._app is not None and self._app.is_recovered
        return {} if is_ready else {self._settings.name: "starting"}

    def main(self) -> None:
        """Set up the log as the environment says, and run until SIGTERM or Ctrl-C. Raises ConnectorError as `run`."""
        settings = environment()
        configure(settings.log_level, settings.log_format)

        async def until_signal() -> None:
            await self.run(stop_on_signals())

        asyncio.run(until_signal())

    async def run(self, stop: asyncio.Event) -> None:
        """Handle events until `stop` is set; the handler that is at work then may finish within `drain_seconds`.

        Brokers, registry and topics that are away are waited for. Raises ConnectorError: PERMISSION_DENIED,
        CREDENTIAL_REFUSED, CONFIG_INVALID if a topic's partitions have become more, INTERNAL_BUG.
        """
        self._stop = stop
        self._failure = asyncio.get_running_loop().create_future()
        producing = producer_settings(self._settings.bootstrap_servers, f"con-{self._settings.name}-dlq")
        with Registry(self._settings.registry_url) as registry:
            async with AsyncProducer(producing) as producer:
                handling = Handling(self._settings, registry, producer)
                await keep_running(lambda: self._run(handling, stop), self._settings.name, stop)

    async def _run(self, handling: Handling, stop: asyncio.Event) -> None:
        partitions = await prepare(self._settings, list(self._selections))
        app = self._app = self._application(handling, partitions)
        draining = asyncio.Event()
        running = asyncio.create_task(run_embedded(app, draining))
        stopping = asyncio.create_task(stop.wait())
        handling.observer.state("running")
        try:
            ends: list[asyncio.Future[Any]] = [running, stopping, self._failure]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                await self._drain()
        finally:
            self._app = None
            stopping.cancel()
            draining.set()
            await asyncio.wait([running])
            handling.observer.state("failed" if self._failure.done() else "stopped")
        if self._failure.done():
            error = self._failure.result()
            raise ConnectorError(Reason.INTERNAL_BUG, f"Unforeseen {type(error).__name__} in the engine.") from error
        running.result()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._settings.drain_seconds):
                while self._at_work:  # noqa: ASYNC110  several topics' handlers may be at work, each on its own
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            _log.warning("a handler did not finish; its event will come again", engine=self._settings.name)

    def _application(self, handling: Handling, partitions: Mapping[str, int]) -> EmbeddedApp:
        app = EmbeddedApp(self._settings.name, self._settings.bootstrap_servers, lambda: self._at_work > 0)
        for topic, selection in self._selections.items():
            channel = app.topic(
                topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", allow_empty=True
            )
            table = app.Table(handled_table(topic), partitions=partitions[topic], key_type=str, value_type=float)
            memories = Memories(app, table, self._settings)
            # One at a time: with more, Faust commits past an event that is still being handled.
            app.agent(channel, name=f"{self._settings.name}-{topic}", concurrency=1)(
                self._processor(handling, selection, memories)
            )
        return app

    def _processor(self, handling: Handling, selection: Selection, memories: Memories) -> Any:
        async def process(stream: Stream[Any]) -> None:
            # By itself Faust would acknowledge an event whenever its turn ends, also by an exception or a stop.
            async for event in stream.noack().events():
                if self._stop.is_set() or self._failure.done():
                    await asyncio.Future()
                self._at_work += 1
                try:
                    await handling.handle(_record(event.message), selection, memories.of(event.message.partition))
                    event.ack()
                except Exception as error:  # noqa: BLE001  a fault of ours: Faust would go on with the next event
                    if not self._failure.done():
                        self._failure.set_result(error)
                finally:
                    self._at_work -= 1

        return process


def _record(message: Any) -> FaustRecord:
    headers = message.headers or ()
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    return FaustRecord(message.topic, message.partition, message.offset, message.key, message.value, pairs)
