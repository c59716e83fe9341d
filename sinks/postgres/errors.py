"""What an error of Postgres means to the runtime: the one place where psycopg's errors are translated."""

import re

import psycopg

from router.api import Action, ConnectorError, Reason

_BY_STATE = {
    "22021": Reason.PAYLOAD_MALFORMED,  # character_not_in_repertoire
    "22P02": Reason.PAYLOAD_MALFORMED,  # invalid_text_representation
    "22P03": Reason.PAYLOAD_MALFORMED,  # invalid_binary_representation
    "22P05": Reason.PAYLOAD_MALFORMED,  # untranslatable_character
    "25006": Reason.TARGET_BUSY,  # read_only_sql_transaction: a standby that may be promoted
    "25P03": Reason.TARGET_UNREACHABLE,  # idle_in_transaction_session_timeout
    "25P04": Reason.TARGET_UNREACHABLE,  # transaction_timeout
    "3D000": Reason.TARGET_MISSING,  # invalid_catalog_name
    "3F000": Reason.TARGET_MISSING,  # invalid_schema_name
    "42501": Reason.PERMISSION_DENIED,  # insufficient_privilege
    "428C9": Reason.TABLE_MISMATCH,  # generated_always
    "42701": Reason.TABLE_MISMATCH,  # duplicate_column, also a name that Postgres keeps for itself
    "42703": Reason.TABLE_MISMATCH,  # undefined_column
    "42804": Reason.TABLE_MISMATCH,  # datatype_mismatch
    "42809": Reason.TABLE_MISMATCH,  # wrong_object_type
    "42846": Reason.TABLE_MISMATCH,  # cannot_coerce
    "42P01": Reason.TABLE_MISMATCH,  # undefined_table
    "42P10": Reason.TABLE_MISMATCH,  # invalid_column_reference: nothing unique that ON CONFLICT could use
    "42P16": Reason.TABLE_MISMATCH,  # invalid_table_definition
    "54011": Reason.TABLE_MISMATCH,  # too_many_columns
    "55006": Reason.TARGET_BUSY,  # object_in_use
    "55P03": Reason.TARGET_BUSY,  # lock_not_available
    "57014": Reason.TARGET_TIMEOUT,  # query_canceled
}
_BY_CLASS = {
    "08": Reason.TARGET_UNREACHABLE,  # connection exception
    "21": Reason.TARGET_REJECTED,  # cardinality violation: two keys that only Postgres takes for the same
    "22": Reason.VALUE_OUT_OF_RANGE,  # data exception
    "23": Reason.TARGET_REJECTED,  # integrity constraint violation
    "28": Reason.CREDENTIAL_REFUSED,  # invalid authorization specification
    "40": Reason.TARGET_BUSY,  # transaction rollback: deadlock, serialization
    "44": Reason.TARGET_REJECTED,  # WITH CHECK OPTION violation
    "53": Reason.TARGET_BUSY,  # insufficient resources
    "54": Reason.TARGET_REJECTED,  # program limit exceeded: a value too large or too deep
    "57": Reason.TARGET_UNREACHABLE,  # operator intervention
    "P0": Reason.TARGET_REJECTED,  # raised by a trigger
}
# The messages of all others may repeat values.
_WITHOUT_VALUES = frozenset({"08", "25", "28", "3D", "3F", "40", "42", "53", "55", "57"})

# A connection that fails has no SQLSTATE, only libpq's text; where that is translated, waiting does no harm either.
_BY_TEXT = (
    (re.compile(r"authentication failed|no pg_hba\.conf entry|role \".*\" does not exist"), Reason.CREDENTIAL_REFUSED),
    (re.compile(r"database \".*\" does not exist"), Reason.TARGET_MISSING),
    (re.compile(r"permission denied for database"), Reason.PERMISSION_DENIED),
    (re.compile(r"too many (clients|connections)|connection slots|starting up|shutting down"), Reason.TARGET_BUSY),
)
_LINE = re.compile(r"^COPY \S+, line (\d+)", re.MULTILINE)


def reason_of(error: psycopg.Error) -> Reason | None:
    """The reason of an error that a statement met; None if nobody foresaw it."""
    state = error.sqlstate
    if state is not None:
        return _BY_STATE.get(state) or _BY_CLASS.get(state[:2])
    # Without a SQLSTATE it does not come from the server, but from the connection to it.
    return Reason.TARGET_UNREACHABLE if isinstance(error, psycopg.OperationalError) else None


def translate(error: psycopg.Error) -> ConnectorError | None:
    """The error in the runtime's words, free of values; None if nobody foresaw it."""
    reason = reason_of(error)
    return None if reason is None else ConnectorError(reason, f"PostgreSQL: {_describe(error)}.")


def translate_connecting(error: psycopg.OperationalError) -> ConnectorError:
    """The error of a connection that could not be made."""
    text = str(error)
    for pattern, reason in _BY_TEXT:
        if pattern.search(text):
            return ConnectorError(reason, f"PostgreSQL: {_first_line(text)}.")
    return ConnectorError(Reason.TARGET_UNREACHABLE, f"PostgreSQL: {_first_line(text)}.")


def is_answer(error: psycopg.Error) -> bool:
    """Whether the server has answered that the statement failed, and goes on listening."""
    return error.diag.severity_nonlocalized == "ERROR"


def is_loss(error: psycopg.Error) -> bool:
    """Whether the connection went with the error, and with it the answer to whatever was sent.

    The state of the connection does not tell: psycopg may notice by whatever it was about to do next.
    """
    return not is_answer(error) and (error.sqlstate is not None or isinstance(error, psycopg.OperationalError))


def refused_line(error: psycopg.Error) -> int | None:
    """Which line of a COPY, counted from 1, is to blame, if one is."""
    reason = reason_of(error)
    if reason is None or ConnectorError(reason, "").action is not Action.DEAD_LETTER:
        return None
    found = _LINE.search(error.diag.context or "")
    return int(found[1]) if found else None


def _describe(error: psycopg.Error) -> str:
    diag = error.diag
    if error.sqlstate is None:
        return _first_line(str(error))
    named = {"constraint": diag.constraint_name, "table": diag.table_name, "column": diag.column_name}
    parts = [f"{error.sqlstate} {type(error).__name__}", *[f"{kind} {name}" for kind, name in named.items() if name]]
    if error.sqlstate[:2] in _WITHOUT_VALUES and diag.message_primary:
        parts.append(_first_line(diag.message_primary))
    return ", ".join(parts)


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:300].rstrip(".")
