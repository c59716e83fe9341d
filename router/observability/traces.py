"""An exception for the log: its types and the places it came through, and nothing that could be a value."""

from pathlib import Path
from traceback import walk_tb

from structlog.typing import ExcInfo


def render(exc_info: ExcInfo) -> str:
    """A line per exception of the chain.

    Neither messages, which may repeat rows of a database, nor the frames' variables, which hold events and secrets.
    """
    return "\n".join(_lines(exc_info[1]))


def _lines(error: BaseException | None) -> list[str]:
    lines = []
    while error is not None:
        places = [
            f"{Path(frame.f_code.co_filename).name}:{line} {frame.f_code.co_name}"
            for frame, line in walk_tb(error.__traceback__)
        ]
        lines.append(f"{type(error).__qualname__}: {' > '.join(places)}")
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                lines += _lines(inner)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return lines
