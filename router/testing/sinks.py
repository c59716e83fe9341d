"""Sinks in memory that fail as a script says."""

from collections.abc import Iterable

from router.api import Batch, ConnectorError, Event, Reason, TopicPartition

Outcome = Exception | int | None


class ScriptedSink:
    """Accepts events into `accepted`, unless the script's next outcome is an error.

    An int is the number of duplicates to report; None, or the end of the script, accepts. Events whose id is in
    `poison` make every batch that holds one of them fail with TARGET_REJECTED, without saying which.
    """

    def __init__(self, script: Iterable[Outcome] = (), poison: Iterable[str] = ()) -> None:
        self._script = list(script)
        self._poison = set(poison)
        self.accepted: list[Event] = []
        self.batches: list[Batch] = []

    async def write(self, batch: Batch) -> int:
        """Accept or fail, as the script says."""
        outcome = self._script.pop(0) if self._script else None
        if isinstance(outcome, Exception):
            raise outcome
        if any(event.id in self._poison for event in batch.events):
            raise ConnectorError(Reason.TARGET_REJECTED, "Some record is refused.")
        self._accept(batch)
        return outcome or 0

    def _accept(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.accepted.extend(batch.events)


class PositionedScriptedSink(ScriptedSink):
    """The same with a position, compared and set as the contract demands."""

    def __init__(self, script: Iterable[Outcome] = (), poison: Iterable[str] = (), position: int | None = None) -> None:
        super().__init__(script, poison)
        self.position = position

    async def claim(self, partition: TopicPartition) -> int | None:  # noqa: ARG002  one partition only
        """The position."""
        return self.position

    def _accept(self, batch: Batch) -> None:
        if self.position is not None and self.position != batch.first_offset:
            raise ConnectorError(Reason.POSITION_MOVED, f"At {self.position}, not {batch.first_offset}.")
        super()._accept(batch)
        self.position = batch.next_offset
