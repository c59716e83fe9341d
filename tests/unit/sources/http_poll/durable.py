"""An `emit` that keeps in memory what it was given, and can be told to fail."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence

from router.api import Checkpoint, ConnectorError, Emit, Position, Reason, Record

Run = Callable[[Emit, Mapping[str, Position]], Awaitable[None]]


class Durable:
    """records and checkpoints: what is durable. calls: how often emit was called.

    fail_at: the number of the call that raises. keeps: whether what that call was given is durable all the same, as
    after a commit whose outcome was not heard of.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.checkpoints: dict[str, Position] = {}
        self.calls = 0
        self.fail_at: int | None = None
        self.keeps = False

    async def __call__(self, records: Sequence[Record], *, checkpoint: Checkpoint | None = None) -> None:
        self.calls += 1
        fails = self.calls == self.fail_at
        if not fails or self.keeps:
            self.records.extend(records)
            if checkpoint is not None:
                self.checkpoints[checkpoint.stream] = json.loads(json.dumps(dict(checkpoint.position)))
        if fails:
            raise ConnectorError(Reason.TRANSACTION_OUTCOME_UNKNOWN, "told to fail")

    @property
    def ids(self) -> list[str]:
        return [record.id for record in self.records]

    async def take(self, run: Run) -> None:
        """One run from what is durable."""
        await run(self, dict(self.checkpoints))


async def crash_everywhere(run: Callable[[], Run]) -> list[Durable]:
    """For each call of emit, what is durable after a run that failed there and another one to the end.

    run: makes what is run; a new one after each failure, as the runtime does.
    """
    whole = Durable()
    await whole.take(run())
    outcomes = [whole]
    for number in range(1, whole.calls + 1):
        for keeps in (False, True):
            durable = Durable()
            durable.fail_at, durable.keeps = number, keeps
            failed = False
            try:
                await durable.take(run())
            except ConnectorError:
                failed = True
            assert failed, f"call {number} was to fail"
            await durable.take(run())
            outcomes.append(durable)
    return outcomes
