"""How a source's records become durable: routed, encoded, and committed with their checkpoint, once."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from router.api import Action, Checkpoint, ConnectorError, Position, Reason, Record, Schema
from router.envelope.codec import Encoder
from router.envelope.message import Envelopes
from router.fetching.checkpoints import CheckpointStore, Scope
from router.fetching.letter import Letters
from router.fetching.observer import Emission
from router.kafka.producer import Message
from router.routing import Dropped, Routed, Router

_SLICE = 500
"""So many records are encoded before the event loop has a turn."""
_REFUSED_SECONDS = 30
"""A schema that was refused may be accepted by a person meanwhile."""
MAX_MESSAGE_BYTES = 66_060_288
"""A message of 64 MiB less what its batch adds."""

Publish = Callable[[Sequence[Message]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Way:
    """One source's way from a record to messages."""

    router: Router
    envelopes: Envelopes
    letters: Letters
    store: CheckpointStore
    scope: Scope


@dataclass(slots=True)
class _Batch:
    """The messages of one call of emit, and what they are."""

    messages: list[Message] = field(default_factory=list)
    published: Counter[str] = field(default_factory=Counter)
    filtered: int = 0
    dead: list[Reason] = field(default_factory=list)


class _Refused(NamedTuple):
    """What the registry said of a schema. It is kept, so that its id is not given to another one."""

    schema: Schema | None
    error: ConnectorError
    until: float


class Emitter:
    """The `Emit` of one session.

    Calls are committed one after the other, in the order in which they were made; while one is being committed, the
    next is being encoded. A call that does not return, for whatever reason, ends the session: nothing that came
    behind it may become durable without it. So it, and every later call, raises, and the task opens anew.
    """

    def __init__(
        self,
        way: Way,
        publish: Publish,
        checkpoints: dict[str, Position],
        committed: Callable[[Emission], None],
    ) -> None:
        self._way = way
        self._publish = publish
        self._committed = committed
        self._encoding = asyncio.Lock()
        self._committing = asyncio.Lock()
        self._refused: dict[tuple[str, int], _Refused] = {}
        self.checkpoints = checkpoints
        self.failure: ConnectorError | None = None
        self.broken = asyncio.Event()

    async def __call__(self, records: Sequence[Record], *, checkpoint: Checkpoint | None = None) -> None:
        """Publish the records and, in the same transaction, the checkpoint. Raises ConnectorError."""
        try:
            await self._emit(records, checkpoint)
        except ConnectorError as error:
            self.failure = self.failure or error
            self.broken.set()
            raise
        except BaseException:  # cancelled, or unforeseen: see the class
            self.broken.set()
            raise

    async def forget(self) -> None:
        """Delete the checkpoints of the session's scope: what they were kept for is done. Raises ConnectorError."""
        self._check()
        messages = [self._way.store.message(self._way.scope, stream, None) for stream in self.checkpoints]
        if messages:
            await self._publish(messages)
        self.checkpoints.clear()

    async def _emit(self, records: Sequence[Record], checkpoint: Checkpoint | None) -> None:
        async with self._encoding:
            self._check()
            batch = await self._encode(records)
            if checkpoint is not None:
                batch.messages.append(self._way.store.message(self._way.scope, checkpoint.stream, checkpoint.position))
            await self._committing.acquire()
        try:
            self._check()
            await self._commit(batch, checkpoint)
        finally:
            self._committing.release()

    def _check(self) -> None:
        if self.broken.is_set():
            message = "An earlier call of emit did not return, so that nothing more can be published after it."
            raise self.failure or ConnectorError(Reason.TRANSACTION_OUTCOME_UNKNOWN, message)

    async def _commit(self, batch: _Batch, checkpoint: Checkpoint | None) -> None:
        started = time.perf_counter()
        if batch.messages:
            await self._publish(batch.messages)
        if checkpoint is not None:
            # As it will be read: the source must meet the same position in the next run and after a restart.
            self.checkpoints[checkpoint.stream] = json.loads(batch.messages[-1].value or b"")
        emission = Emission(
            batch.published, batch.filtered, tuple(batch.dead), checkpoint is not None, time.perf_counter() - started
        )
        self._committed(emission)

    async def _encode(self, records: Sequence[Record]) -> _Batch:
        batch = _Batch()
        router, known_encoder = self._way.router, self._way.envelopes.known_encoder
        for number, record in enumerate(records, 1):
            routed = router.route(record)
            if isinstance(routed, Dropped):
                batch.filtered += 1
                continue
            try:
                encoder = known_encoder(routed, record) or await self._encoder(record, routed)
                batch.messages.append(self._message(encoder, record, routed))
            except ConnectorError as error:
                if error.action is not Action.DEAD_LETTER:
                    raise
                batch.messages.append(self._way.letters.letter(record, routed.topic, routed.key, error))
                batch.dead.append(error.reason)
            else:
                batch.published[routed.topic] += 1
            if number % _SLICE == 0:
                await asyncio.sleep(0)
        return batch

    def _message(self, encoder: Encoder, record: Record, routed: Routed) -> Message:
        message = self._way.envelopes.message(encoder, record, routed, record.traceparent)
        if len(message.value or b"") > MAX_MESSAGE_BYTES:
            raise ConnectorError(Reason.PAYLOAD_TOO_LARGE, f"The record is larger than {MAX_MESSAGE_BYTES} bytes.")
        return message

    async def _encoder(self, record: Record, routed: Routed) -> Encoder:
        kind = routed.topic, id(record.schema)
        if kind in self._refused and time.monotonic() < self._refused[kind].until:
            # The answer is known; asking the registry again for each record of the stream would only take time.
            known = self._refused[kind].error
            raise ConnectorError(known.reason, known.message, fix=known.fix)
        try:
            return await self._way.envelopes.encoder(routed, record)
        except ConnectorError as error:
            if error.reason in (Reason.SCHEMA_REJECTED, Reason.SCHEMA_FROZEN):
                self._refused[kind] = _Refused(record.schema, error, time.monotonic() + _REFUSED_SECONDS)
            raise
