"""Every failure of the network has one meaning, and none costs a record."""

import asyncio
import socket
import ssl

import pytest

from router.api import Reason
from sinks.http.errors import TRANSLATED, AnswerError, translate


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError("hunter2"), Reason.TARGET_TIMEOUT),
        (ConnectionRefusedError("hunter2"), Reason.TARGET_UNREACHABLE),
        (ConnectionResetError("hunter2"), Reason.TARGET_UNREACHABLE),
        (socket.gaierror("hunter2"), Reason.TARGET_UNREACHABLE),
        (ssl.SSLCertVerificationError("hunter2"), Reason.TARGET_UNREACHABLE),
        (AnswerError("hunter2"), Reason.TARGET_UNREACHABLE),
    ],
)
def test_a_failure_has_its_reason_and_its_text_is_left_out(error: Exception, reason: Reason) -> None:
    translated = translate(error)

    assert isinstance(error, TRANSLATED)
    assert translated.reason is reason
    assert "hunter2" not in str(translated)


def test_being_cancelled_is_no_failure() -> None:
    assert not issubclass(asyncio.CancelledError, TRANSLATED)
