"""What a worker runs: a task of a source or of a sink, told from outside what to be."""

from typing import Protocol

from router.api import ConnectorError
from router.fetching.states import State


class Task(Protocol):
    """`router.fetching.task.SourceTask` and `router.control.sink_task.SinkTask`; runs once."""

    state: State
    error: ConnectorError | None

    @property
    def trace(self) -> str:
        """The error in full; empty if there is none."""
        ...

    def pause(self) -> None:
        """Let go of everything, until `resume`."""
        ...

    def resume(self) -> None:
        """Go on."""
        ...

    def restart(self) -> None:
        """Begin anew at once."""
        ...

    def stop(self) -> None:
        """Let `run` return soon."""
        ...

    async def run(self) -> None:
        """Run until stopped or cancelled, or until it cannot go on here."""
        ...
