"""Move a source's checkpoints by hand, while its task is stopped."""

from collections.abc import Mapping
from datetime import UTC, datetime

from router.api import Position
from router.fetching.checkpoints import CheckpointStore, Scope
from router.fetching.settings import TaskSettings
from router.kafka.blocking import call_blocking
from router.kafka.transaction import Transactions


async def alter_checkpoints(settings: TaskSettings, positions: Mapping[str, Position | None]) -> None:
    """Set the streams' checkpoints, and delete those that are None, in one transaction.

    It takes the task's transactional id, so that a task that still runs somewhere stops instead of going on from
    where it was. Raises ConnectorError.
    """
    store = CheckpointStore(settings.bootstrap_servers, settings.pipeline)
    scope = Scope(settings.source)
    claim = {"owner": "altered by hand", "since": datetime.now(UTC).isoformat()}
    messages = [store.claim(settings.transactional_id, claim)]
    messages += [store.message(scope, stream, position) for stream, position in positions.items()]

    def commit() -> None:
        transactions = Transactions(settings.bootstrap_servers, settings.transactional_id)
        transactions.publish(messages)
        transactions.close()

    await call_blocking(commit, "kafka-transactions")
