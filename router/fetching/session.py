"""A session: one producer that owns the transactional id, and the checkpoints as they are since then."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from router.api import ConnectorError, Position, Reason
from router.fetching.checkpoints import CheckpointStore
from router.fetching.emitter import Emitter, Way
from router.fetching.observer import Emission
from router.kafka.blocking import call_blocking
from router.kafka.producer import Message
from router.kafka.transaction import Transactions
from router.tracing.active import traced

_CLOSE_SECONDS = 5
_CLAIM_SECONDS = 2.0


def patience(error: ConnectorError, seconds: float) -> float:
    """How many seconds to wait before taking the id again, where the back-off says `seconds`.

    Whoever fences writes its claim right afterwards. To look for that too early would be to fence it in turn.
    """
    return max(seconds, _CLAIM_SECONDS) if error.reason is Reason.PRODUCER_FENCED else seconds


@dataclass(slots=True)
class Owner:
    """Who takes a transactional id, several times perhaps."""

    bootstrap_servers: str
    transactional_id: str
    store: CheckpointStore
    name: str = field(default_factory=lambda: uuid4().hex)
    sessions: int = 0

    async def is_superseded(self) -> bool:
        """Whether somebody else has taken the id since our last session.

        Raises ConnectorError if that cannot be found out now.
        A broker also fences a producer that was away for longer than its transaction's time limit, so that being
        fenced alone does not say that the work is in other hands.
        """
        if not self.sessions:
            return False
        claims = (await self.store.read()).owners
        return claims.get(self.transactional_id, {}).get("owner") != self.name


@asynccontextmanager
async def open_session(owner: Owner, way: Way, committed: Callable[[Emission], None]) -> AsyncIterator[Emitter]:
    """Fence whoever had the id, read the checkpoints to their end, and yield what emits from there.

    The order matters: only once nobody else can commit is what has been read the last word.
    Raises ConnectorError.
    """
    servers, transactional_id = owner.bootstrap_servers, owner.transactional_id
    transactions = await call_blocking(lambda: Transactions(servers, transactional_id), "kafka-transactions")
    try:
        positions = await _claim(owner, way, transactions)

        async def publish(messages: Sequence[Message]) -> None:
            await call_blocking(lambda: transactions.publish(messages), "kafka-transactions")

        yield Emitter(way, traced(publish), positions, committed)
    finally:
        await _close(transactions)


async def _claim(owner: Owner, way: Way, transactions: Transactions) -> dict[str, Position]:
    owner.sessions += 1
    claim = {"owner": owner.name, "session": owner.sessions, "since": datetime.now(UTC).isoformat()}
    message = owner.store.claim(owner.transactional_id, claim)
    await call_blocking(lambda: transactions.publish([message]), "kafka-transactions")
    checkpoints = await owner.store.read()
    # What has just been written must be there: else the reading missed the end, or somebody else came in between.
    if checkpoints.owners.get(owner.transactional_id) != claim:
        raise ConnectorError(Reason.PRODUCER_FENCED, f"Another process has taken {owner.transactional_id} meanwhile.")
    return checkpoints.of(way.scope)


async def _close(transactions: Transactions) -> None:
    """Where no broker answers, it is left to end by itself: the next owner fences it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await call_blocking(transactions.close, "kafka-transactions")
