"""What ends a scenario early."""

from collections.abc import Iterator


class BrokenPromiseError(Exception):
    """The product did what it must not do, or not in time what it must."""


def broken_promises(error: BaseExceptionGroup[BrokenPromiseError]) -> Iterator[BrokenPromiseError]:
    """The errors in a group and in the groups within it."""
    for inner in error.exceptions:
        if isinstance(inner, BaseExceptionGroup):
            yield from broken_promises(inner)
        else:
            yield inner
