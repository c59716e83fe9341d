"""What happens to an event on either way into an engine: read it, hand it to the handler, or dead-letter it."""

import asyncio
import time
from importlib.metadata import version

from router.api import ConnectorError, Reason
from router.delivery.backoff import Backoff
from router.delivery.dead_letter import Origin, Refusal, dead_letter, header_values
from router.delivery.observer import Observers
from router.delivery.reader import Reader
from router.delivery.stage import Stage
from router.engine.envelope import Envelope
from router.engine.memory import Memory
from router.engine.selection import Handler, Selection
from router.engine.settings import EngineSettings
from router.envelope.registry import Registry
from router.kafka.producer import AsyncProducer
from router.observability.metrics import SinkMetrics
from router.observability.sink_log import SinkLog

_BACKOFF = Backoff(initial_seconds=0.2, max_seconds=10)
_GIVE_UP_SECONDS = 60
"""How long a schema may be unknown to the registry before the record is dead."""


class Handling:
    """Handles one event after the other; in the metrics the engine counts as a sink."""

    def __init__(self, settings: EngineSettings, registry: Registry, producer: AsyncProducer) -> None:
        self._settings = settings
        self._producer = producer
        self._version = version("northfield-con")
        self.observer = Observers(SinkMetrics(settings.name), SinkLog(settings.name))
        self._reader = Reader(registry, _BACKOFF, _GIVE_UP_SECONDS, self.observer, replayed=False)

    async def handle(self, record: Origin, selection: Selection, memory: Memory) -> None:
        """Return when the event is handled, or its dead letter durable, or nobody wants it, or it was handled before.

        Raises nothing but CancelledError when the task that calls it is being cancelled: then the event is unfinished.
        """
        stated = header_values(record.headers).get("ce_type")
        if stated is not None and selection.of(stated) is None:
            return
        event = await self.read(record)
        handler = None if event is None else selection.of(event.type)
        if event is None or handler is None:
            return
        if memory.has(event.idempotency_key, time.time()):
            self.observer.deduplicated(1)
            return
        started = time.perf_counter()
        error = await _call(handler, event)
        if error is not None:
            # Not remembered: a copy that comes later, mended perhaps, gets a chance of its own.
            await self.refuse(record, error)
            return
        self.observer.delivered(1, 0, time.perf_counter() - started)
        memory.add(event.idempotency_key, time.time())

    async def read(self, record: Origin) -> Envelope | None:
        """The event; None if it cannot be decoded: then its dead letter is durable. Waits for an absent registry."""
        try:
            event, _ = await self._reader.read(record)
        except ConnectorError as error:
            await self.refuse(record, error, Stage.VALUE_CONVERTER)
            return None
        return Envelope.of(event, record)

    async def refuse(self, record: Origin, error: ConnectorError, stage: Stage = Stage.TASK_PUT) -> None:
        """Return when the dead letter is durable, however long the brokers are away."""
        refusal = Refusal.now(self._settings.name, stage, error, self._version)
        letter = dead_letter(self._settings.dead_letter_topic, record, refusal, replayed=False)
        attempt = 0
        while True:
            try:
                await self._producer.send([letter])
            except ConnectorError as failure:
                attempt += 1
                seconds = _BACKOFF.seconds(failure, attempt)
                self.observer.failed(failure.reason, seconds)
                await asyncio.sleep(seconds)
            else:
                self.observer.dead_lettered(error.reason)
                return


async def _call(handler: Handler, event: Envelope) -> ConnectorError | None:
    """What the handler raised, as an error whose message has nothing of the event."""
    try:
        await handler(event)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return failed(error)
    except Exception as error:  # noqa: BLE001  whatever a handler raises concerns its event only
        return failed(error)
    return None


def failed(error: BaseException) -> ConnectorError:
    """A handler's error with a reason: its own, or HANDLER_FAILED with the name of its type."""
    if isinstance(error, ConnectorError):
        return error
    return ConnectorError(Reason.HANDLER_FAILED, f"The handler raised {type(error).__name__}.")
