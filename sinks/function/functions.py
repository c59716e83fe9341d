"""The functions that installed packages offer, by the names of their entry points.

https://packaging.python.org/en/latest/specifications/entry-points/
"""

import inspect
from collections.abc import Awaitable, Callable
from importlib.metadata import EntryPoint, entry_points

from router.api import ConnectorError, Event, Reason

GROUP = "router.functions"
"""A configuration names an entry point and never a module: whoever may write one must not choose what is imported."""

Function = Callable[[Event], Awaitable[None]]


def offered() -> dict[str, EntryPoint]:
    """The functions by name; nothing is imported."""
    return {found.name: found for found in entry_points(group=GROUP)}


def load(name: str) -> Function:
    """Import the function. Raises ConnectorError (CONFIG_INVALID)."""
    found = offered().get(name)
    if found is None:
        message = f"No installed package offers the function {name!r}."
        raise ConnectorError(Reason.CONFIG_INVALID, message, fix=f"Install one with an entry point in {GROUP}.")
    try:
        function = found.load()
    except (ImportError, AttributeError, SyntaxError) as error:
        message = f"The function {name!r} cannot be imported ({type(error).__name__})."
        raise ConnectorError(Reason.CONFIG_INVALID, message, fix=f"See whether {found.value} is there.") from None
    if not inspect.iscoroutinefunction(function):
        message = f"The function {name!r} is no coroutine function."
        raise ConnectorError(Reason.CONFIG_INVALID, message, fix="Define it with `async def`, and one argument.")
    made: Function = function
    return made
