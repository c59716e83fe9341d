"""The contract of sources: those that fetch, and those that others push to."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from router.api.record import Checkpoint, Position, Record, Window


class Emit(Protocol):
    """How a source hands records over; made by the runtime, called by the source."""

    async def __call__(self, records: Sequence[Record], *, checkpoint: Checkpoint | None = None) -> None:
        """Publish the records and, in the same transaction, the checkpoint.

        Returning promises that all of it is durable. Raising `ConnectorError` promises nothing: let it propagate, since
        no later call succeeds either, and `run` is called anew from what is durable. It waits while the brokers take
        no more, which is the source's back-pressure.
        """
        ...


class Source(Protocol):
    """A source that fetches: it reads its origin and emits."""

    async def run(self, emit: Emit, checkpoints: Mapping[str, Position]) -> None:
        """Read on from `checkpoints`, the last durable position of each stream; empty at the very first.

        Return when there is nothing more to read now: the schedule decides when it is called again. A source that
        streams never returns; it is cancelled. Raise `ConnectorError` for what the taxonomy knows; anything else
        stops the connector. After any error, its own or one that `emit` raised, it is called anew, with the
        checkpoints as they are then: so it must keep no position of its own, nor move one at the origin before
        `emit` has returned.
        """
        ...


@runtime_checkable
class BackfillSource(Source, Protocol):
    """A source that can read a part of its past again."""

    async def backfill(self, emit: Emit, checkpoints: Mapping[str, Position], window: Window) -> None:
        """Read the window again, and return at its end.

        The checkpoints are the backfill's own: an interrupted one goes on from them, and those of `run` stay as they
        are. Records must have the ids that `run` gives them, so that no sink takes them for new events.
        Raises `ConnectorError`: CONFIG_INVALID if the window makes no sense for this source.
        """
        ...


class Request:
    """A request as it arrived, complete: body in full, header names in lower case, each value as sent.

    headers keeps duplicates and order. received_at is seconds since the epoch.
    """

    __slots__ = ("_single", "body", "headers", "method", "path", "received_at")

    def __init__(
        self, method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes, received_at: float
    ) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.received_at = received_at
        single = dict(headers)
        # Without duplicates a header is looked up, and not looked for.
        self._single = single if len(single) == len(headers) else None

    def values(self, name: str) -> tuple[str, ...]:
        """All values of the header, given in lower case."""
        if self._single is not None:
            value = self._single.get(name)
            return () if value is None else (value,)
        return tuple([value for key, value in self.headers if key == name])


class Receiver(Protocol):
    """A source that others push to. The runtime owns the port, the limits, the durable write and the answer."""

    def receive(self, request: Request) -> Sequence[Record]:
        """Verify the request and turn it into records; pure, no I/O, no waiting.

        Called for every request whose path is the receiver's. Whatever the bytes, it either returns or raises
        `ConnectorError`, whose reason decides the status of the answer. No secret may enter a record.
        """
        ...
