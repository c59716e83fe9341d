"""Blocking calls of the Kafka client away from the event loop, on threads that no process has to wait for."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def call_blocking(function: Callable[[], T], name: str) -> T:
    """Call the function on a daemon thread of its own; returns and raises what it does.

    Cancelled, the caller goes on at once and the call ends by itself: the interpreter waits at its end for every
    thread of a pool, and a client that looks for its brokers may take half a minute.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # without an error there is a result

    def work() -> None:
        result: T | None = None
        raised: BaseException | None = None
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001  it is raised again where the result is awaited
            raised = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any longer
            loop.call_soon_threadsafe(settle, result, raised)

    threading.Thread(target=work, name=name, daemon=True).start()
    return await future
