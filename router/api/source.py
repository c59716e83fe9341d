"""The contract of sources: those that fetch, and those that others push to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from router.api.errors import ConnectorError
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


class Certificate(NamedTuple):
    """A client's certificate that the TLS handshake has verified.

    subject: as RFC 4514 writes it. names: its alternative names, such as `DNS:a.example` or `URI:spiffe://x/y`.
    fingerprint: the SHA-256 of the certificate, in lower-case hexadecimal.
    """

    subject: str
    names: tuple[str, ...]
    fingerprint: str


class Peer(NamedTuple):
    """Who is at the other end, as the connection tells, or proxies that are trusted.

    address: the IP address, as `ipaddress` writes it; empty if it is not known.
    scheme: `http` or `https`, as the sender has it. authority: the host that the sender has addressed, if a trusted
    proxy tells; else None, and the header `host` tells.
    """

    address: str
    scheme: str = "http"
    authority: str | None = None
    certificate: Certificate | None = None


UNKNOWN_PEER = Peer("")


class Request:
    """A request as it arrived, complete: body in full, header names in lower case, each value as sent.

    headers keeps duplicates and order. received_at is seconds since the epoch. query is as sent, without the `?`.
    """

    __slots__ = ("_single", "body", "headers", "method", "path", "peer", "query", "received_at")

    def __init__(
        self,
        method: str,
        path: str,
        headers: tuple[tuple[str, str], ...],
        body: bytes,
        received_at: float,
        query: str = "",
        peer: Peer = UNKNOWN_PEER,
    ) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.received_at = received_at
        self.query = query
        self.peer = peer
        single = dict(headers)
        # Without duplicates a header is looked up, and not looked for.
        self._single = single if len(single) == len(headers) else None

    def values(self, name: str) -> tuple[str, ...]:
        """All values of the header, given in lower case."""
        if self._single is not None:
            value = self._single.get(name)
            return () if value is None else (value,)
        return tuple([value for key, value in self.headers if key == name])

    @property
    def url(self) -> str:
        """The URL as the sender has it, which some schemes sign."""
        authority = self.peer.authority or "".join(self.values("host")[:1])
        query = f"?{self.query}" if self.query else ""
        return f"{self.peer.scheme}://{authority}{self.path}{query}"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that a receiver gives itself: to a handshake, which carries no event, or instead of the usual 202."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Items:
    """A batch whose items stand for themselves: each is a record, or why it is none.

    The runtime publishes the records and answers 207 with the outcome of each item.
    """

    items: Sequence[Record | ConnectorError]


class Receiver(Protocol):
    """A source that others push to. The runtime owns the port, the limits, the durable write and the answer."""

    def receive(self, request: Request) -> Sequence[Record] | Items | Reply:
        """Verify the request and turn it into records; pure, no I/O, no waiting.

        Called for every request whose path is the receiver's, with the methods GET, OPTIONS and POST. Whatever the
        bytes, it either returns or raises `ConnectorError`, whose reason decides the status of the answer: all records
        of a sequence are taken, or none. No secret may enter a record.
        """
        ...


@runtime_checkable
class RefreshedReceiver(Receiver, Protocol):
    """A receiver whose keys come from outside and change, such as those of an identity provider.

    `receive` stays pure: the runtime asks and refreshes at the start, and about every second.
    """

    def refresh_due(self, now: float) -> bool:
        """Whether `refresh` should be called. now: seconds since the epoch."""
        ...

    async def refresh(self) -> None:
        """Fetch the keys, within some seconds.

        Raises `ConnectorError` if they cannot be had, and keeps what was there before for as long as that may be used.
        It becomes due again by itself.
        """
        ...
