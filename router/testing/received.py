"""What a receiver made of a request, as a test wants to look at it."""

from collections.abc import Sequence

from router.api import Items, Receiver, Record, Reply, Request


def records_of(receiver: Receiver, request: Request) -> Sequence[Record]:
    """The records; those of a batch that are some; none of a handshake. Raises ConnectorError, as the receiver does."""
    match receiver.receive(request):
        case Reply():
            return ()
        case Items(items):
            return [item for item in items if isinstance(item, Record)]
        case records:
            return records
