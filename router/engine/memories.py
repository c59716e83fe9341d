"""The memory of each partition that an application has, in a table of Faust's."""

from typing import Any

from router.engine.embedded import EmbeddedApp
from router.engine.memory import Memory
from router.engine.settings import EngineSettings


class Memories:
    """Made anew from the table when partitions come, since another process may have handled events meanwhile."""

    def __init__(self, app: EmbeddedApp, table: Any, settings: EngineSettings) -> None:
        self._table = table
        self._settings = settings
        self._partitions: dict[int, Memory] = {}
        app.on_partitions_assigned.connect(self._assigned, weak=False)

    def of(self, partition: int) -> Memory:
        """The memory of the partition; call it only from a stream of the application."""
        memory = self._partitions.get(partition)
        if memory is None:
            limits = self._settings.remember_keys, self._settings.remember_seconds
            memory = self._partitions[partition] = Memory(self._table, f"{partition}:", *limits)
        return memory

    async def _assigned(self, *_: Any, **__: Any) -> None:
        self._partitions.clear()
