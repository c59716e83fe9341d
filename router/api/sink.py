"""The contract of sinks."""

from typing import Protocol, runtime_checkable

from router.api.event import Batch, TopicPartition


class Sink(Protocol):
    """A sink delivers now: it never buffers, retries or dead-letters, since the runtime does."""

    async def write(self, batch: Batch) -> int:
        """Deliver the batch. Called with at most `SinkConnector.max_batch_events` events, in order per key.

        Returning promises that every event is accepted downstream; the number returned says how many of them
        were there already, by their idempotency key (0 where the sink cannot tell).
        Raises `RecordsRefusedError` if it wrote nothing and knows which records to blame; `ConnectorError` if
        it wrote nothing, or only what a repetition does not double. Anything else stops the sink.
        """
        ...


@runtime_checkable
class PositionedSink(Sink, Protocol):
    """A sink that commits its position together with its effects: exactly once.

    Its `write` also moves the position from `batch.first_offset` to `batch.next_offset` in the same
    transaction, and raises `ConnectorError` with a reason of class FENCED, without any effect, if the partition
    has been claimed by another since, or if its position is not `first_offset`. A batch may have no events:
    then only the position moves.
    """

    async def claim(self, partition: TopicPartition) -> int | None:
        """Become the partition's owner, fence the previous one, and return the next offset to deliver.

        Called on every assignment, before the first write. None: the sink knows no position yet; the first
        batch's `first_offset` will then be taken as it comes.
        """
        ...
