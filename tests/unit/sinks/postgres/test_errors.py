"""Every error of Postgres has one meaning, and none repeats a value."""

import psycopg
import pytest

from router.api import Action, Reason
from sinks.postgres.errors import reason_of, translate, translate_connecting

STATES = {
    name: error
    for name, error in vars(psycopg.errors).items()
    if isinstance(error, type) and issubclass(error, psycopg.Error) and error.sqlstate
}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (psycopg.errors.UniqueViolation(), Reason.TARGET_REJECTED),
        (psycopg.errors.NumericValueOutOfRange(), Reason.VALUE_OUT_OF_RANGE),
        (psycopg.errors.InvalidTextRepresentation(), Reason.PAYLOAD_MALFORMED),
        (psycopg.errors.InvalidPassword(), Reason.CREDENTIAL_REFUSED),
        (psycopg.errors.InvalidCatalogName(), Reason.TARGET_MISSING),
        (psycopg.errors.InsufficientPrivilege(), Reason.PERMISSION_DENIED),
        (psycopg.errors.UndefinedTable(), Reason.TABLE_MISMATCH),
        (psycopg.errors.UndefinedColumn(), Reason.TABLE_MISMATCH),
        (psycopg.errors.DeadlockDetected(), Reason.TARGET_BUSY),
        (psycopg.errors.LockNotAvailable(), Reason.TARGET_BUSY),
        (psycopg.errors.TooManyConnections(), Reason.TARGET_BUSY),
        (psycopg.errors.QueryCanceled(), Reason.TARGET_TIMEOUT),
        (psycopg.errors.AdminShutdown(), Reason.TARGET_UNREACHABLE),
        (psycopg.errors.ReadOnlySqlTransaction(), Reason.TARGET_BUSY),
        (psycopg.errors.RaiseException(), Reason.TARGET_REJECTED),
        (psycopg.OperationalError("server closed the connection"), Reason.TARGET_UNREACHABLE),
        (psycopg.errors.InternalError_(), None),
        (psycopg.errors.SyntaxError(), None),
        (psycopg.ProgrammingError("a mistake of ours"), None),
    ],
)
def test_an_error_has_its_reason(error: psycopg.Error, reason: Reason | None) -> None:
    assert reason_of(error) is reason


def test_only_errors_about_a_record_dead_letter_it() -> None:
    blamed = ("21", "22", "23", "44", "54", "P0")

    for error in STATES.values():
        translated = translate(error())
        if translated is not None and translated.action is Action.DEAD_LETTER:
            assert str(error.sqlstate)[:2] in blamed


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('FATAL:  password authentication failed for user "u"', Reason.CREDENTIAL_REFUSED),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "u"', Reason.CREDENTIAL_REFUSED),
        ('FATAL:  role "u" does not exist', Reason.CREDENTIAL_REFUSED),
        ('FATAL:  database "d" does not exist', Reason.TARGET_MISSING),
        ("FATAL:  sorry, too many clients already", Reason.TARGET_BUSY),
        ("FATAL:  the database system is starting up", Reason.TARGET_BUSY),
        ("FATAL:  Passwort-Authentifizierung fehlgeschlagen", Reason.TARGET_UNREACHABLE),
        ("Connection refused", Reason.TARGET_UNREACHABLE),
    ],
)
def test_a_connection_that_fails_has_its_reason(text: str, reason: Reason) -> None:
    assert translate_connecting(psycopg.OperationalError(text)).reason is reason
