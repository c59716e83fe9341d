"""The sources that fetch, as a part of a process: one task for each."""

import asyncio

from router.config.load import Loaded
from router.envelope.registry import Registry
from router.fetching.settings import TaskSettings
from router.fetching.states import State
from router.fetching.task import SourceTask
from router.kafka.topics import Topics
from router.observability.metrics import SourceTaskMetrics
from router.runtime.topics import ensure, fetching_topics

_WELL = (State.RUNNING, State.PAUSED, State.STOPPED)


class Sources:
    """Runs the tasks of the configuration's sources that fetch. One that fails leaves the others running."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._tasks: dict[str, SourceTask] = {}

    def waiting(self) -> dict[str, str]:
        """The sources that do not run, and why; those that another process has taken over are none of them."""
        return {
            name: why
            for name in self._loaded.sources
            if (why := _why_not(self._tasks[name]) if name in self._tasks else "starting")
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Fetch until `stop` is set. Raises ConnectorError if the topics cannot be made."""
        pipeline, sources = self._loaded.pipeline, self._loaded.sources
        settings = {name: source.settings for name, source in sources.items()}
        await ensure(Topics(pipeline.kafka.bootstrap_servers), fetching_topics(pipeline, settings), stop)
        with Registry(pipeline.kafka.registry_url) as registry:
            for name, source in sources.items():
                own = TaskSettings.of(pipeline, name, source.settings)
                metrics = SourceTaskMetrics(name)
                self._tasks[name] = SourceTask(own, source.connector, source.config, registry, metrics)
            async with asyncio.TaskGroup() as group:
                for task in self._tasks.values():
                    group.create_task(task.run())
                await stop.wait()
                for task in self._tasks.values():
                    task.stop()


def _why_not(task: SourceTask) -> str:
    if task.state in _WELL or task.is_taken_over:
        return ""
    return "starting" if task.error is None else task.error.reason
