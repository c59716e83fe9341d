"""Functions as somebody would write them, and a package that offers them, for the tests of the function sink."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from router.api import ConnectorError, Event, Reason

TAKEN: list[Event] = []


async def take(event: Event) -> None:
    await asyncio.sleep(0)
    TAKEN.append(event)


async def away(event: Event) -> None:
    raise ConnectorError(Reason.TARGET_UNREACHABLE, "What the function needs is away.")


async def fail(event: Event) -> None:
    raise ValueError(event.data)


async def hang(event: Event) -> None:
    await asyncio.Event().wait()


def no_coroutine(event: Event) -> None:
    TAKEN.append(event)


_ENTRY_POINTS = f"""\
[router.functions]
take = {__name__}:take
bill = {__name__}:take
away = {__name__}:away
fail = {__name__}:fail
hang = {__name__}:hang
no-coroutine = {__name__}:no_coroutine
not-there = {__name__}:not_there
nowhere = {__name__}.nowhere:take
"""


@contextmanager
def offered(directory: Path) -> Iterator[None]:
    """While the context lasts a package is installed that offers the functions."""
    made = directory / "suite_functions-1.0.dist-info"
    made.mkdir()
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: suite-functions\nVersion: 1.0\n")
    (made / "entry_points.txt").write_text(_ENTRY_POINTS)
    TAKEN.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(directory))
        yield
