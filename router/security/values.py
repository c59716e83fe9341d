"""The values that references have now, for the hot path: a dictionary lookup."""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from router.api import ConnectorError, Reason
from router.security.watched import Watched


class _Value(NamedTuple):
    """fault: what is wrong where there is no text, or once it has ended (monotonic seconds)."""

    text: str
    ends_at: float
    fault: ConnectorError


class Values:
    """What each watched reference is worth, and until when. clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._values: dict[str, _Value] = {}

    def publish(self, paths: Iterable[Watched], ends_at: Callable[[Watched], float]) -> None:
        """Take over what has been read; all fields of a path change at once. ends_at: when a path's fields end."""
        self._values = {
            reference: _value(path, reference, ends_at(path)) for path in paths for reference in path.references
        }

    def get(self, reference: str) -> str:
        """The value. Raises what `fault` returns."""
        known = self._values.get(reference)
        if known is not None and (known.ends_at == math.inf or self._clock() < known.ends_at):
            return known.text
        raise _again(known.fault) if known else _unknown(reference)

    def fault(self, reference: str) -> ConnectorError | None:
        """Why the reference has no value now; None if it has one.

        SECRET_UNAVAILABLE if it is not watched, has not been read, or its lease has ended; SECRET_NOT_FOUND,
        SECRET_UNUSABLE, PERMISSION_DENIED as Vault said when it was read last.
        """
        known = self._values.get(reference)
        if known is None:
            return _unknown(reference)
        return None if self._clock() < known.ends_at else known.fault

    def missing(self) -> Reason | None:
        """Why a watched reference has no value now, if there is such a one."""
        faults = (self.fault(reference) for reference in self._values)
        return next((fault.reason for fault in faults if fault is not None), None)


def _value(path: Watched, reference: str, ends_at: float) -> _Value:
    try:
        return _Value(path.value(reference), ends_at, _ended(path, reference))
    except ConnectorError as error:
        return _Value("", -math.inf, error)


def _ended(path: Watched, reference: str) -> ConnectorError:
    why = f" {path.fault.message}" if path.fault else ""
    message = f"{reference}: its lease has ended, and Vault has given no other.{why}"
    return ConnectorError(Reason.SECRET_UNAVAILABLE, message, fix="Bring Vault back; we go on by ourselves.")


def _unknown(reference: str) -> ConnectorError:
    return ConnectorError(Reason.SECRET_UNAVAILABLE, f"{reference} is used without having been asked for first.")


def _again(fault: ConnectorError) -> ConnectorError:
    """A new one, since each raise of the same would lengthen its traceback."""
    return ConnectorError(fault.reason, fault.message, fix=fault.fix)
