"""Runs blocking calls of a driver beside the event loop."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sources.sql_poll.errors import translated

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """What the call returns. If cancelled, it waits for the call's end: a connection has one user at a time.

    Raises ConnectorError.
    """
    running = asyncio.ensure_future(asyncio.to_thread(_translated, call))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


def _translated(call: Callable[[], T]) -> T:
    with translated():
        return call()
