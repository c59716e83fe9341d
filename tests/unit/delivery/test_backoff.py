"""Waits grow, are jittered, stay bounded, and respect what the target asks for."""

import pytest

from router.api import ConnectorError, Reason
from router.delivery.backoff import MAX_RETRY_AFTER_SECONDS, Backoff

BACKOFF = Backoff(initial_seconds=1, max_seconds=30)


@pytest.mark.parametrize(("attempt", "ceiling"), [(1, 1), (2, 2), (5, 16), (6, 30), (10_000, 30)])
def test_a_wait_is_within_its_ceiling(attempt: int, ceiling: float) -> None:
    error = ConnectorError(Reason.TARGET_TIMEOUT, "")

    waits = [BACKOFF.seconds(error, attempt) for _ in range(200)]

    assert 0 <= min(waits) < max(waits) <= ceiling
    assert max(waits) > ceiling / 2


def test_retry_after_is_never_cut_short() -> None:
    error = ConnectorError(Reason.RATE_LIMITED, "", retry_after_seconds=20)

    waits = [BACKOFF.seconds(error, 1) for _ in range(200)]

    assert min(waits) >= 20
    assert max(waits) <= 22


def test_retry_after_is_bounded() -> None:
    error = ConnectorError(Reason.RATE_LIMITED, "", retry_after_seconds=1e9)

    assert BACKOFF.seconds(error, 1) <= MAX_RETRY_AFTER_SECONDS * 1.1


def test_what_a_person_must_mend_waits_long_at_once() -> None:
    error = ConnectorError(Reason.CREDENTIAL_REFUSED, "")

    assert min(BACKOFF.seconds(error, 1) for _ in range(200)) >= 15
