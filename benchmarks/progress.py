"""How fast a preloaded topic is delivered, once the product is warm."""

import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.processes import Process, wait_until

# Of what is delivered. A Java peer gets half again as fast while its code is being compiled; a figure for a
# product that runs for months must not contain that.
WARM_UP_SHARE = 0.25


def delivery_rate(delivered: Callable[[], int], total: int, process: Process, log: Path) -> float:
    """Events per second from the end of the first quarter to the last event.

    delivered: how many are there now; asked often, so it must cost little.
    Raises `BenchmarkError` if the process ends or stalls before.
    """
    seen = 0

    def progressed() -> bool:
        nonlocal seen
        before, seen = seen, delivered()
        return seen > before

    def deliver(until: float) -> tuple[int, float]:
        while seen < until:
            time.sleep(0.02)
            wait_until(progressed, process, log)
        return seen, time.perf_counter()

    warm, started = deliver(total * WARM_UP_SHARE)
    last, ended = deliver(total)
    return (last - warm) / (ended - started)
