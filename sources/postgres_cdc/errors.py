"""What an error of Postgres means to the runtime: the one place where psycopg's errors are translated."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from router.api import ConnectorError, Reason

_BY_STATE = {
    "3D000": Reason.TARGET_MISSING,  # invalid_catalog_name
    "42501": Reason.PERMISSION_DENIED,  # insufficient_privilege
    "42P01": Reason.TARGET_MISSING,  # undefined_table
    "42P17": Reason.CONFIG_INVALID,  # invalid_object_definition
    "42703": Reason.TARGET_BUSY,  # undefined_column: dropped while the table was looked at; the next run sees it so
    "42704": Reason.TARGET_MISSING,  # undefined_object: the slot or the publication
    "42710": Reason.TARGET_BUSY,  # duplicate_object: somebody has made it at the same time
    "55000": Reason.CONFIG_INVALID,  # object_not_in_prerequisite_state: wal_level, or a slot that was invalidated
    "58P01": Reason.POSITION_LOST,  # undefined_file: a segment of the log that is needed has been removed
    "57014": Reason.TARGET_TIMEOUT,  # query_canceled
}
_BY_CLASS = {
    "08": Reason.TARGET_UNREACHABLE,  # connection exception
    "22": Reason.CONFIG_INVALID,  # data exception: a bound of a backfill that its column cannot be
    "28": Reason.CREDENTIAL_REFUSED,  # invalid authorization specification
    "40": Reason.TARGET_BUSY,  # transaction rollback
    "53": Reason.TARGET_BUSY,  # insufficient resources, also: all slots in use
    "55": Reason.TARGET_BUSY,  # object not in prerequisite state, also: the slot is still active
    "57": Reason.TARGET_UNREACHABLE,  # operator intervention
}
# A connection that fails has no SQLSTATE, only libpq's text; where that is translated, waiting does no harm either.
_BY_TEXT = (
    (re.compile(r"authentication failed|no pg_hba\.conf entry|role \".*\" does not exist"), Reason.CREDENTIAL_REFUSED),
    (re.compile(r"database \".*\" does not exist"), Reason.TARGET_MISSING),
    (re.compile(r"permission denied"), Reason.PERMISSION_DENIED),
    (re.compile(r"too many (clients|connections)|connection slots|starting up|shutting down"), Reason.TARGET_BUSY),
)
_FIXES = {
    Reason.PERMISSION_DENIED: "The role needs LOGIN, REPLICATION, and SELECT on the tables; to create the publication "
    "it must own the tables, or somebody else creates it.",
}
_OBJECT_IN_USE = "55006"


def translate(error: psycopg.Error) -> ConnectorError | None:
    """The error in the runtime's words; None if nobody foresaw it."""
    state = error.sqlstate
    if state is None:
        return _without_state(error)
    reason = _BY_STATE.get(state) or _BY_CLASS.get(state[:2])
    if reason is None:
        return None
    # Only these classes' messages are free of values.
    told = "" if state[:2] == "22" else f": {_first_line(error.diag.message_primary or '')}"
    return ConnectorError(reason, f"PostgreSQL: {state} {type(error).__name__}{told}.", fix=_FIXES.get(reason))


def is_in_use(error: psycopg.Error) -> bool:
    """Whether the slot is still held, such as by the connection that broke a moment ago."""
    return error.sqlstate == _OBJECT_IN_USE


@contextmanager
def translated() -> Iterator[None]:
    """Raise psycopg's errors as ConnectorError, and those that nobody foresaw as they are."""
    try:
        yield
    except psycopg.Error as error:
        known = translate(error)
        if known is None:
            raise
        # Without the cause: its detail may hold values.
        raise known from None


def _without_state(error: psycopg.Error) -> ConnectorError | None:
    if not isinstance(error, psycopg.OperationalError):
        return None
    text = str(error)
    reason = next((reason for pattern, reason in _BY_TEXT if pattern.search(text)), Reason.TARGET_UNREACHABLE)
    return ConnectorError(reason, f"PostgreSQL: {_first_line(text)}.", fix=_FIXES.get(reason))


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:300].rstrip(".")
