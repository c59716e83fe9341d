"""What every claim is made of: a test with an event loop of its own, and the sentence that it breaks with."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, NoReturn, TypeVar

import pytest

LIMIT_SECONDS = 60
"""How long a claim may take in all."""
PROMPT_SECONDS = 5
"""How long the runtime waits for a connector that it has cancelled."""

C = TypeVar("C", bound=Callable[..., Coroutine[Any, Any, None]])


def claim(test: C) -> Callable[..., None]:
    """The test as pytest calls it, without a plugin. Its docstring's first line is the claim as people read it."""

    @wraps(test)
    def held(*arguments: Any, **fixtures: Any) -> None:
        asyncio.run(_limited(test(*arguments, **fixtures)))

    return held


def hold(holds: object, reason: str) -> None:
    """Break the claim for this reason unless it holds."""
    if not holds:
        broken(reason)


def broken(reason: str) -> NoReturn:
    """Break the claim, with the reason alone: where the suite found it helps nobody."""
    pytest.fail(reason, pytrace=False)


async def ended(task: asyncio.Task[Any], what: str) -> None:
    """Cancel the task, as at a shutdown; the claim breaks if it does not end soon."""
    task.cancel()
    _, still = await asyncio.wait({task}, timeout=PROMPT_SECONDS)
    hold(not still, f"{what} goes on for more than {PROMPT_SECONDS} seconds after it was cancelled")


async def _limited(test: Coroutine[Any, Any, None]) -> None:
    limit = asyncio.timeout(LIMIT_SECONDS)
    try:
        async with limit:
            await test
    except TimeoutError:
        if limit.expired():
            broken(f"it had not ended after {LIMIT_SECONDS} seconds")
        raise
