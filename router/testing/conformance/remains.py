"""What an opened connector has left behind once it is closed."""

import asyncio
import gc
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from router.testing.conformance.claim import broken
from router.testing.conformance.descriptors import descriptors

_WAIT_SECONDS = 3
_POOL = "asyncio_"
"""The threads of the event loop's own pool, which live as long as the loop."""


@dataclass(frozen=True, slots=True)
class Remains:
    """Tasks, threads and open files at one moment."""

    tasks: frozenset[asyncio.Task[object]]
    threads: frozenset[threading.Thread]
    files: Mapping[str, str]

    def new_since(self, before: "Remains") -> list[str]:
        """What is there now and was not before, in words."""
        tasks = [f"the task {task.get_name()}" for task in self.tasks - before.tasks]
        threads = [f"the thread {thread.name}" for thread in self.threads - before.threads]
        files = [f"the open file {link}" for name, link in self.files.items() if before.files.get(name) != link]
        return tasks + threads + files


def remains() -> Remains:
    """What is there now."""
    gc.collect()
    threads = (thread for thread in threading.enumerate() if not thread.name.startswith(_POOL))
    return Remains(frozenset(asyncio.all_tasks()), frozenset(threads), descriptors())


async def check_nothing_new(before: Remains) -> None:
    """Break the claim if more is there than before, after what takes a moment to end has had it."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _WAIT_SECONDS
    while left := remains().new_since(before):
        if loop.time() > deadline:
            broken(f"closing it leaves behind {', '.join(left)}")
        await asyncio.sleep(0.02)
