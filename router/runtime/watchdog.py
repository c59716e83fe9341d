"""Ends a process whose event loop stands still, so that what it was at work on is found and others take over."""

import asyncio
import faulthandler
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

STANDSTILL_SECONDS = 60.0
EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits.h."""

_LOOKS = 20


@asynccontextmanager
async def watchdog(seconds: float = STANDSTILL_SECONDS) -> AsyncIterator[None]:
    """While the context lasts: end the process once the loop has not turned for so long, and say where it stands.

    It looks from a thread that counts its own turns rather than time, so that a process that was stopped as a whole,
    or a machine that was asleep, is not taken for one that hangs.
    """
    turned, ended = threading.Event(), threading.Event()
    thread = threading.Thread(target=_watch, args=(turned, ended, seconds / _LOOKS), name="watchdog", daemon=True)
    turning = asyncio.create_task(_turn(turned, seconds / _LOOKS / 2))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        turning.cancel()


async def _turn(turned: threading.Event, seconds: float) -> None:
    while True:
        turned.set()
        await asyncio.sleep(seconds)


def _watch(turned: threading.Event, ended: threading.Event, seconds: float) -> None:
    missed = 0
    while not ended.wait(seconds):
        missed = 0 if turned.is_set() else missed + 1
        turned.clear()
        if missed >= _LOOKS:
            # Names of functions and numbers of lines only: no values.
            faulthandler.dump_traceback(sys.stderr, all_threads=True)
            os._exit(EXIT_STATUS)
