"""What the author of a source tells the suite about the origin that it reads."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from router.api import Window
from router.testing.conformance.place import Place


class SourceOrigin(Place):
    """A fresh origin for one test, without records.

    rereads: a run may emit again, under the same ids, what is durable already; sinks drop it by its idempotency key.
    window: what a backfill reads everything with; None if the source cannot read its past again.
    """

    rereads: bool = False
    window: Window | None = Window(None, None)

    @property
    @abstractmethod
    def away(self) -> Mapping[str, Any]:
        """The same settings, but leading to where nothing can be read now: a closed port, a missing directory."""

    @abstractmethod
    async def add(self, count: int) -> None:
        """Make the origin hold so many records more, each of which is to be emitted once."""

    @abstractmethod
    async def state(self) -> object:
        """Whatever a look could change at the origin, as a value that can be compared: its tables, its files."""
