"""What a store's error means, whatever its text."""

import errno

import pytest
from obstore.exceptions import GenericError

from router.api import Action, Reason
from sinks.object_store.errors import is_uncertain, translate


def answered(status: str, code: str | None = None) -> GenericError:
    """An answer of a server in the words of obstore."""
    body = "" if code is None else f": <Error><Code>{code}</Code><Message>of secret-key</Message></Error>"
    return GenericError(f"Generic S3 error: Server returned non-2xx status code: {status}{body}")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (answered("403 Forbidden", "SignatureDoesNotMatch"), Reason.CREDENTIAL_REFUSED),
        (answered("403 Forbidden", "InvalidAccessKeyId"), Reason.CREDENTIAL_REFUSED),
        (answered("403 Forbidden", "AccessDenied"), Reason.PERMISSION_DENIED),
        (answered("403 Forbidden"), Reason.PERMISSION_DENIED),
        (answered("401 Unauthorized"), Reason.CREDENTIAL_REFUSED),
        (answered("404 Not Found", "NoSuchBucket"), Reason.TARGET_MISSING),
        (answered("404 Not Found", "ContainerNotFound"), Reason.TARGET_MISSING),
        (answered("409 Conflict", "OperationAborted"), Reason.TARGET_BUSY),
        (answered("429 Too Many Requests"), Reason.RATE_LIMITED),
        (answered("503 Service Unavailable", "SlowDown"), Reason.RATE_LIMITED),
        (answered("500 Internal Server Error"), Reason.TARGET_5XX),
        (answered("501 Not Implemented", "NotImplemented"), Reason.CONFIG_INVALID),
        (answered("301 Moved Permanently", "PermanentRedirect"), Reason.TARGET_REDIRECTED),
        (answered("400 Bad Request", "SomethingNew"), Reason.CONFIG_INVALID),
        (answered("408 Request Timeout"), Reason.TARGET_TIMEOUT),
        (GenericError("HTTP error: error sending request, operation timed out"), Reason.TARGET_TIMEOUT),
        (
            GenericError("HTTP error: error sending request: Connection refused (os error 111)"),
            Reason.TARGET_UNREACHABLE,
        ),
        (GenericError("Unable to open file: No space left on device (os error 28)"), Reason.TARGET_BUSY),
        (GenericError("Unable to open file: Read-only file system (os error 30)"), Reason.PERMISSION_DENIED),
        (OSError(errno.EDQUOT, "quota"), Reason.TARGET_BUSY),
        (FileNotFoundError("gone"), Reason.TARGET_MISSING),
        (PermissionError(errno.EACCES, "no"), Reason.PERMISSION_DENIED),
    ],
)
def test_every_answer_has_one_meaning(error: BaseException, reason: Reason) -> None:
    found = translate(error, "writing")

    assert found.reason is reason
    assert "secret-key" not in f"{found} {found.fix}"
    assert "writing" in found.message


@pytest.mark.parametrize("reason", [Reason.TARGET_5XX, Reason.TARGET_TIMEOUT, Reason.TARGET_UNREACHABLE])
def test_what_may_have_taken_effect_is_uncertain(reason: Reason) -> None:
    error = {
        Reason.TARGET_5XX: answered("500 Internal Server Error"),
        Reason.TARGET_TIMEOUT: GenericError("operation timed out"),
        Reason.TARGET_UNREACHABLE: GenericError("connection closed before message completed"),
    }[reason]

    assert translate(error, "writing").reason is reason
    assert is_uncertain(translate(error, "writing"))


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "429 Too Many Requests", "400 Bad Request"])
def test_what_was_refused_is_certain(status: str) -> None:
    assert not is_uncertain(translate(answered(status), "writing"))


def test_a_disk_that_is_full_is_waited_for() -> None:
    assert translate(OSError(errno.ENOSPC, "full"), "writing").action in (Action.RETRY, Action.PAUSE)
