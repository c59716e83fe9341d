"""A sink in memory that keeps every claim, unless it is told which one to break."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic import ConfigDict

from router.api import (
    Batch,
    ConnectorConfig,
    ConnectorError,
    Event,
    Guarantee,
    Reason,
    RecordsRefusedError,
    Secret,
    SinkConnector,
    TopicPartition,
)
from router.testing.conformance.exactly_once import Arrival, SinkTarget


class Settings(ConnectorConfig):
    token: Secret
    is_away: bool = False


class Thawed(Settings):
    model_config = ConfigDict(frozen=False)


class Careless(Settings):
    model_config = ConfigDict(extra="allow")


class Outspoken(ConnectorConfig):
    token: str
    is_away: bool = False


@dataclass
class State:
    epoch: int = 0
    position: int | None = None


@dataclass
class Store:
    """What outlives a sink."""

    states: dict[tuple[str, TopicPartition], State] = field(default_factory=dict)
    effects: list[Event] = field(default_factory=list)
    port: int = 0


class MemorySink:
    def __init__(self, store: Store, name: str, config: Any, flaw: str) -> None:
        self._store = store
        self._name = "any" if flaw == "shares positions between sinks" else name
        self._config = config
        self._flaw = flaw
        self._epochs: dict[TopicPartition, int] = {}
        self._own: dict[TopicPartition, State] = {}

    def _state(self, partition: TopicPartition) -> State:
        states: Any = self._own if self._flaw == "forgets its position" else self._store.states
        key: Any = partition if self._flaw == "forgets its position" else (self._name, partition)
        return states.setdefault(key, State())  # type: ignore[no-any-return]

    async def claim(self, partition: TopicPartition) -> int | None:
        self._check_reachable()
        state = self._state(partition)
        state.epoch += 1
        self._epochs[partition] = state.epoch
        return state.position

    async def write(self, batch: Batch) -> int:
        self._check_reachable()
        if self._flaw == "goes on when cancelled":
            await _stubborn()
        state = self._state(batch.partition)
        owns = self._epochs.get(batch.partition) == state.epoch or self._flaw == "does not fence"
        fits = state.position in (None, batch.first_offset) or self._flaw == "takes a batch again"
        if not owns or not fits:
            raise ConnectorError(Reason.POSITION_MOVED, "moved")
        events = list(batch.events)
        if self._flaw == "turns the order" and len(events) > 3:
            events.reverse()
        if self._flaw == "loses the last":
            events = events[:-1]
        self._check(batch, state)
        self._store.effects += events
        if self._flaw == "does not move over nothing" and not events:
            return 0
        state.position = batch.next_offset
        return 0

    def _check(self, batch: Batch, state: State) -> None:
        for index, event in enumerate(batch.events):
            try:
                json.loads(event.data if isinstance(event.data, bytes) else b"null")
            except ValueError:
                if self._flaw == "raises what it likes":
                    raise
                if self._flaw == "refuses when half is done":
                    state.position = batch.next_offset
                refusal = ConnectorError(Reason.TARGET_REJECTED, "no JSON")
                raise RecordsRefusedError({index: refusal}) from None

    def _check_reachable(self) -> None:
        if self._config.is_away and self._flaw != "says that all arrived":
            token = self._config.token.reveal() if self._flaw == "tells its secret" else "…"
            reason = Reason.TARGET_REJECTED if self._flaw == "gives up too soon" else Reason.TARGET_UNREACHABLE
            raise ConnectorError(reason, f"away, with the token {token}")


async def _stubborn() -> None:
    for _ in range(200):
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            continue


def connector(store: Store, flaw: str) -> SinkConnector:
    """The sink's declaration, with one flaw or none."""
    models: dict[str, type[ConnectorConfig]] = {
        "can be changed": Thawed,
        "takes any setting": Careless,
        "takes secrets in the clear": Outspoken,
    }

    @asynccontextmanager
    async def opened(config: Any, name: str) -> AsyncIterator[MemorySink]:
        if flaw == "connects in secret":
            _, writer = await asyncio.open_connection("127.0.0.1", store.port)
            writer.close()
        left = asyncio.create_task(asyncio.sleep(60), name="left")
        yield MemorySink(store, name, config, flaw)
        if flaw != "leaves a task":
            left.cancel()

    return SinkConnector(
        name="Memory!" if flaw == "has an odd name" else "memory",
        version="1.0",
        summary="Keeps events in memory.",
        config=models.get(flaw, Settings),
        open=opened,
        hosts=lambda _config: (),
        guarantee=Guarantee.AT_LEAST_ONCE if flaw == "is better than it says" else Guarantee.EXACTLY_ONCE,
        max_batch_events=100,
    )


class Memory(SinkTarget):
    """The store, and a server that nobody may connect to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._server: asyncio.Server | None = None
        self.secrets = {"${env:TOKEN}": "s3cret-value"}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
        self._store.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._server is not None:
            self._server.close()

    @property
    def config(self) -> Mapping[str, Any]:
        return {"token": "${env:TOKEN}"}

    @property
    def away(self) -> Mapping[str, Any]:
        return {**self.config, "is_away": True}

    async def arrived(self) -> Sequence[Arrival]:
        return [Arrival(event.id, event.idempotency_key) for event in self._store.effects]
