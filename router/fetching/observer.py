"""The moments in a source task's life that somebody may want to watch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from router.api import Reason
from router.fetching.states import State


@dataclass(frozen=True, slots=True)
class Emission:
    """One committed transaction. published: records by topic; filtered: dropped by a route; dead: why, one each."""

    published: Mapping[str, int] = field(default_factory=dict)
    filtered: int = 0
    dead: tuple[Reason, ...] = ()
    checkpoint: bool = False
    seconds: float = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to commit: every record was dropped."""
        return not (self.published or self.dead or self.checkpoint)


class TaskObserver(Protocol):
    """Told of what happens to a task; must return at once and never raise."""

    def committed(self, emission: Emission) -> None:
        """Records and checkpoint are durable."""
        ...

    def failed(self, reason: Reason) -> None:
        """A run ended with an error; another follows."""
        ...

    def state(self, state: State) -> None:
        """The task is in this state now."""
        ...


class TaskObservers:
    """Several observers as one."""

    def __init__(self, *observers: TaskObserver) -> None:
        self._observers = observers

    def committed(self, emission: Emission) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.committed(emission)

    def failed(self, reason: Reason) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.failed(reason)

    def state(self, state: State) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.state(state)
