"""Every answer has one meaning."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import Action, ConnectorError, Reason
from sinks.http.outcome import MAX_RETRY_AFTER_SECONDS, outcome

NOW = 1_795_000_000.0
REFUSALS = {Action.DEAD_LETTER, Action.RETRY_THEN_DEAD_LETTER}


def failed(status: int, **headers: str) -> ConnectorError:
    error = outcome(status, {name.replace("_", "-"): value for name, value in headers.items()}, NOW)
    assert error is not None
    return error


@given(st.integers(100, 599), st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text()))
def test_an_answer_is_a_success_or_an_error_whatever_it_says(status: int, headers: dict[str, str]) -> None:
    error = outcome(status, headers, NOW)

    assert (error is None) == (200 <= status <= 299)
    if error is not None and error.retry_after_seconds is not None:
        assert 0 <= error.retry_after_seconds <= MAX_RETRY_AFTER_SECONDS


@given(st.integers(100, 599))
def test_only_answers_that_blame_the_request_can_cost_the_record(status: int) -> None:
    error = outcome(status, {}, NOW)

    if error is not None and error.action in REFUSALS:
        assert 400 <= status <= 499


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (101, Reason.TARGET_5XX),
        (301, Reason.TARGET_REDIRECTED),
        (308, Reason.TARGET_REDIRECTED),
        (400, Reason.TARGET_REJECTED),
        (401, Reason.CREDENTIAL_REFUSED),
        (403, Reason.PERMISSION_DENIED),
        (404, Reason.TARGET_MISSING),
        (407, Reason.CREDENTIAL_REFUSED),
        (408, Reason.TARGET_TIMEOUT),
        (409, Reason.ALREADY_PROCESSED),
        (410, Reason.TARGET_GONE),
        (413, Reason.TARGET_REJECTED),
        (422, Reason.TARGET_REJECTED),
        (425, Reason.TARGET_TIMEOUT),
        (429, Reason.RATE_LIMITED),
        (499, Reason.TARGET_REJECTED),
        (500, Reason.TARGET_5XX),
        (503, Reason.TARGET_5XX),
        (599, Reason.TARGET_5XX),
    ],
)
def test_a_status_has_its_reason(status: int, reason: Reason) -> None:
    assert failed(status).reason is reason


def test_a_busy_server_that_says_when_to_come_back_limits_the_rate() -> None:
    error = failed(503, retry_after="7")

    assert (error.reason, error.retry_after_seconds) == (Reason.RATE_LIMITED, 7.0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 12 ", 12.0),
        ("99999999999999999999", float(MAX_RETRY_AFTER_SECONDS)),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        (formatdate(NOW + 10**6, usegmt=True), float(MAX_RETRY_AFTER_SECONDS)),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("\u0661\u0662", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_bounds(value: str, seconds: float | None) -> None:
    assert failed(429, retry_after=value).retry_after_seconds == seconds


def test_a_refusal_for_good_has_no_delay_of_the_servers_choice() -> None:
    assert failed(401, retry_after="3600").retry_after_seconds is None
