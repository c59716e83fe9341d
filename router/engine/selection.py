"""Which handler an event is for: exactly one, or none."""

from collections.abc import Awaitable, Callable, Collection

from router.engine.envelope import Envelope

Handler = Callable[[Envelope], Awaitable[None]]


class Selection:
    """The handlers of one topic by the types of events. One that names no types gets every other event."""

    def __init__(self) -> None:
        self._by_type: dict[str, Handler] = {}
        self._others: Handler | None = None

    def add(self, handler: Handler, types: Collection[str] | None) -> None:
        """Let the handler have the types (None: all that no other names). Raises ValueError if one has them already.

        Two handlers of one event would need two acknowledgements, of which Kafka has one.
        """
        if isinstance(types, str):
            message = "types is a list of types, such as types=['order.paid']"
            raise ValueError(message)  # noqa: TRY004  with the other faults of a subscription
        taken = sorted(set(types or ()) & set(self._by_type))
        if taken or (types is None and self._others is not None):
            message = (
                f"the type {taken[0]} has a handler already" if taken else "all other types have a handler already"
            )
            raise ValueError(message)
        if types is None:
            self._others = handler
        else:
            self._by_type |= dict.fromkeys(types, handler)

    def of(self, event_type: str) -> Handler | None:
        """The handler of a type; None if nobody wants it."""
        return self._by_type.get(event_type, self._others)
