import pytest

from sources.http_poll.rate_limit import retry_after, seconds_until_allowed

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), ("Fri, 15 Jan 2027 08:00:30 GMT", 30), ("Fri, 15 Jan 2027 07:00:00 GMT", 0), ("soon", None), ("", None)],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": value}, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1800000060"}, 60),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1800000060000"}, 60),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"}, 60),
        ({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "60"}, None),
        ({"X-RateLimit-Remaining": "0"}, None),
        ({"X-RateLimit-Remaining": "none", "X-RateLimit-Reset": "60"}, None),
        ({"RateLimit": '"default";r=0;t=5'}, 5),
        ({"RateLimit": "limit=100, remaining=0, reset=5"}, 5),
        ({"RateLimit": '"default";r=12;t=5'}, None),
        ({}, None),
    ],
)
def test_the_headers_of_each_convention_are_understood(headers: dict[str, str], seconds: float | None) -> None:
    assert seconds_until_allowed(headers, NOW) == seconds
