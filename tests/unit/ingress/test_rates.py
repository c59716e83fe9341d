"""A bucket lets through what its rate allows, and remembers a bounded number of addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import ConnectorError, Reason
from router.config.limits import LimitSettings, RateSettings
from router.ingress.rates import AddressQuotas, EndpointQuotas, Quota, Rate, address_quotas, network, take_all


def quota(requests: int, seconds: int = 1, processes: int = 1) -> Quota:
    return Quota(Rate("endpoint", RateSettings(requests=requests, seconds=seconds), processes))


def wait(quota: Quota, now: float) -> float | None:
    """Take one; the seconds after which to come again, or None if it was let through."""
    try:
        quota.take(now)
    except ConnectorError as error:
        return error.retry_after_seconds
    return None


def test_a_full_bucket_lets_a_burst_through_and_then_one_for_each_that_is_refilled() -> None:
    bucket = quota(requests=10, seconds=5)

    burst = [wait(bucket, 100.0) for _ in range(11)]

    assert burst[:10] == [None] * 10
    assert burst[10] == pytest.approx(0.5)
    assert wait(bucket, 100.4) == pytest.approx(0.1)
    assert wait(bucket, 100.5) is None
    assert wait(bucket, 100.6) == pytest.approx(0.4)


def test_a_refused_request_costs_nothing() -> None:
    bucket = quota(requests=1)
    wait(bucket, 1.0)

    refused = [wait(bucket, 1.5) for _ in range(1_000)]

    assert refused == [pytest.approx(0.5)] * 1_000
    assert wait(bucket, 2.0) is None


@given(
    st.integers(1, 50),
    st.integers(1, 10),
    st.lists(st.floats(0, 2), min_size=1, max_size=200),
)
def test_no_window_sees_more_than_a_burst_and_its_refill(requests: int, seconds: int, pauses: list[float]) -> None:
    bucket, now, taken = quota(requests, seconds), 0.0, []
    for pause in pauses:
        now += pause
        if wait(bucket, now) is None:
            taken.append(now)

    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            allowed = requests + (taken[last] - begin) * requests / seconds
            assert last - first + 1 <= allowed + 0.001


def test_processes_share_a_rate() -> None:
    shares = [quota(requests=12, seconds=60, processes=4), quota(requests=2, seconds=60, processes=4)]

    assert [wait(shares[0], 0.0) for _ in range(4)] == [None, None, None, pytest.approx(20)]
    assert [wait(shares[1], 0.0), wait(shares[1], 119.0), wait(shares[1], 120.0)] == [None, pytest.approx(1), None]


@pytest.mark.parametrize(
    ("requests", "seconds", "processes", "taken", "policy", "state"),
    [
        (100, 60, 1, 0, '"endpoint";q=100;w=60', '"endpoint";r=100;t=0'),
        (100, 60, 1, 1, '"endpoint";q=100;w=60', '"endpoint";r=99;t=1'),
        (100, 60, 1, 100, '"endpoint";q=100;w=60', '"endpoint";r=0;t=60'),
        (3, 1, 1, 2, '"endpoint";q=3;w=1', '"endpoint";r=1;t=1'),
        (100, 10, 4, 5, '"endpoint";q=25;w=10', '"endpoint";r=20;t=2'),
        (1, 10, 4, 1, '"endpoint";q=1;w=40', '"endpoint";r=0;t=40'),
    ],
)
def test_senders_are_told_the_policy_and_what_is_left(
    requests: int, seconds: int, processes: int, taken: int, policy: str, state: str
) -> None:
    bucket = quota(requests, seconds, processes)
    for _ in range(taken):
        bucket.take(7.0)

    assert (bucket.rate.policy, bucket.state(7.0)) == (policy, state)


def test_what_one_bucket_refuses_is_not_taken_from_another() -> None:
    wide, narrow = quota(requests=10), quota(requests=1)
    take_all([wide, narrow], 0.0)

    for _ in range(20):
        with pytest.raises(ConnectorError) as raised:
            take_all([wide, narrow], 0.0)
        assert raised.value.reason is Reason.RATE_LIMITED

    assert wide.state(0.0) == '"endpoint";r=9;t=1'


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("not an address", "not an address"),
    ],
)
def test_an_address_counts_for_its_network(address: str, expected: str) -> None:
    assert network(address) == expected


def test_addresses_have_buckets_of_their_own_and_networks_share_one() -> None:
    addresses = AddressQuotas(Rate("address", RateSettings(requests=1), 1))
    addresses.take("192.0.2.1", 0.0)
    addresses.take("192.0.2.2", 0.0)
    addresses.take("2001:db8::1", 0.0)

    for taken in ("192.0.2.1", "::ffff:192.0.2.2", "2001:db8::2"):
        with pytest.raises(ConnectorError):
            addresses.take(taken, 0.5)


def test_the_addresses_that_are_remembered_are_bounded_and_the_busiest_stay() -> None:
    addresses = AddressQuotas(Rate("address", RateSettings(requests=1, seconds=100), 1), max_addresses=10)
    addresses.take("192.0.2.1", 0.0)

    for number in range(1_000):
        addresses.take(f"10.0.{number // 250}.{number % 250}", 1.0)
        with pytest.raises(ConnectorError):
            addresses.take("192.0.2.1", 1.0)

    assert len(addresses) == 10


def test_endpoints_of_a_tenant_share_its_bucket_which_lives_as_long_as_its_settings() -> None:
    limits = LimitSettings(tenant_rate=RateSettings(requests=5), tenant_rates={"big": RateSettings(requests=50)})
    quotas = EndpointQuotas(limits, processes=1)
    rate = RateSettings(requests=2)

    one, two, alone = quotas.of("a", "t", rate), quotas.of("b", "t", None), quotas.of("c", None, None)

    assert [bucket.rate.policy for bucket in one] == ['"endpoint";q=2;w=1', '"tenant";q=5;w=1']
    assert two == one[1:]
    assert alone == ()
    assert quotas.of("a", "t", rate) == one
    assert [bucket.rate.quota for bucket in quotas.of("d", "big", None)] == [50]


def test_without_a_rate_addresses_are_not_even_remembered() -> None:
    assert address_quotas(LimitSettings(), 1) is None
