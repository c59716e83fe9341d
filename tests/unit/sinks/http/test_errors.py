"""Every exception of the client has one meaning, and none costs a record."""

from collections.abc import Iterator

import aiohttp
import pytest

from router.api import Action, Reason
from sinks.http.errors import TRANSLATED, translate


def kinds(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from kinds(inner)


@pytest.mark.parametrize("kind", sorted(set(kinds(aiohttp.ClientError)), key=lambda kind: kind.__name__))
def test_an_exception_of_the_client_is_translated_and_its_text_left_out(kind: type[aiohttp.ClientError]) -> None:
    error = kind.__new__(kind, "hunter2")

    translated = translate(error)

    assert translated.action in (Action.RETRY, Action.STOP)
    assert "hunter2" not in str(translated)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), Reason.TARGET_TIMEOUT),
        (aiohttp.ConnectionTimeoutError(), Reason.TARGET_TIMEOUT),
        (aiohttp.ServerDisconnectedError(), Reason.TARGET_UNREACHABLE),
        (aiohttp.ClientPayloadError(), Reason.TARGET_UNREACHABLE),
        (ConnectionResetError(), Reason.TARGET_UNREACHABLE),
    ],
)
def test_the_usual_failures_have_their_reasons(error: Exception, reason: Reason) -> None:
    assert isinstance(error, TRANSLATED)
    assert translate(error).reason is reason
