"""What an error of a database means to the runtime: the one place where SQLAlchemy's errors are translated."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from router.api import ConnectorError, Reason

_BY_STATE = {
    "25006": Reason.PERMISSION_DENIED,  # read_only_sql_transaction: a query that writes
    "3D000": Reason.TARGET_MISSING,  # invalid_catalog_name
    "42501": Reason.PERMISSION_DENIED,  # insufficient_privilege
    "42P01": Reason.TARGET_MISSING,  # undefined_table
    "57014": Reason.TARGET_TIMEOUT,  # query_canceled
}
_BY_CLASS = {
    "08": Reason.TARGET_UNREACHABLE,  # connection exception
    "22": Reason.CONFIG_INVALID,  # data exception
    "28": Reason.CREDENTIAL_REFUSED,  # invalid authorization specification
    "40": Reason.TARGET_BUSY,  # transaction rollback
    "42": Reason.CONFIG_INVALID,  # syntax error, or a column that does not exist
    "53": Reason.TARGET_BUSY,  # insufficient resources
    "55": Reason.TARGET_BUSY,  # object not in prerequisite state
    "57": Reason.TARGET_UNREACHABLE,  # operator intervention
}
# What has no SQLSTATE says in its text what it is.
_BY_TEXT = (
    (
        re.compile(r"authentication failed|no pg_hba\.conf entry|role \".*\" does not exist|Access denied"),
        Reason.CREDENTIAL_REFUSED,
    ),
    (
        re.compile(r"no such table|database \".*\" does not exist|unable to open database|Unknown database"),
        Reason.TARGET_MISSING,
    ),
    (re.compile(r"permission denied|attempt to write a readonly"), Reason.PERMISSION_DENIED),
    (
        re.compile(r"is locked|too many (clients|connections)|connection slots|starting up|shutting down"),
        Reason.TARGET_BUSY,
    ),
    (
        re.compile(r"syntax error|no such column|You can only execute one statement|not a database"),
        Reason.CONFIG_INVALID,
    ),
)
_FIXES = {
    Reason.TARGET_MISSING: "See `database`, and the stream's `table`.",
    Reason.CONFIG_INVALID: "See the stream's `query` and columns.",
    Reason.PERMISSION_DENIED: "Give the user the right to read the table.",
}
_DATA = "22"


@contextmanager
def translated() -> Iterator[None]:
    """Raise SQLAlchemy's errors as ConnectorError, and those that nobody foresaw as they are."""
    try:
        yield
    except exc.NoSuchTableError as error:
        raise _known(Reason.TARGET_MISSING, f"there is no table {error}") from None
    except (exc.NoSuchModuleError, exc.ArgumentError, ModuleNotFoundError) as error:
        message = f"the driver cannot be used ({type(error).__name__})"
        raise ConnectorError(Reason.CONFIG_INVALID, _sentence(message), fix="Install it, and see `driver`.") from None
    except exc.TimeoutError:
        raise _known(Reason.TARGET_BUSY, "no connection became free in time") from None
    except exc.DBAPIError as error:
        # Without the cause: it has the statement with its parameters.
        raise of_driver(error) from None


def of_driver(error: exc.DBAPIError) -> ConnectorError:
    """The error of a driver in the runtime's words."""
    state = getattr(error.orig, "sqlstate", None)
    text = str(error.orig).strip().partition("\n")[0][:300].rstrip(".")
    kind = type(error.orig).__name__
    if isinstance(state, str):
        reason = _BY_STATE.get(state) or _BY_CLASS.get(state[:2], Reason.TARGET_BUSY)
        # The messages of data exceptions repeat the value.
        return _known(reason, f"{state} {kind}" if state[:2] == _DATA else f"{state} {text}")
    found = next((reason for pattern, reason in _BY_TEXT if pattern.search(text)), None)
    if found is None:
        lost = isinstance(error, exc.OperationalError | exc.InterfaceError) or error.connection_invalidated
        found = Reason.TARGET_UNREACHABLE if lost else Reason.CONFIG_INVALID
    return _known(found, f"{kind} {text}" if isinstance(error, exc.OperationalError | exc.ProgrammingError) else kind)


def _known(reason: Reason, message: str) -> ConnectorError:
    return ConnectorError(reason, _sentence(message), fix=_FIXES.get(reason))


def _sentence(message: str) -> str:
    return f"Database: {message}."
