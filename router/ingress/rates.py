"""Request rates: token buckets that cost a moment each, and the fields that tell senders of them.

The fields are those of https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil
from time import perf_counter

from router.api import ConnectorError, Reason
from router.config.limits import LimitSettings, RateSettings

MAX_ADDRESSES = 100_000
"""With a bucket of their own. Who has been silent for the longest is forgotten first: its bucket is the fullest."""

_HOST_BITS = 64
_ROUNDING_SECONDS = 1e-6
"""Sums of floats: what is missing by less is not missing."""


class Rate:
    """A rate as one process applies it. A bucket is one number: the time at which it is full again."""

    __slots__ = ("_field", "name", "policy", "quota", "seconds_each", "tolerance")

    def __init__(self, name: str, settings: RateSettings, processes: int) -> None:
        """name: of the policy, as senders see it. processes: that share the rate."""
        share = settings.requests / processes
        self.name = name
        self.quota = max(1, int(share))
        self.seconds_each = settings.seconds / share
        self.tolerance = self.quota * self.seconds_each
        self.policy = f'"{name}";q={self.quota};w={_whole(self.tolerance)}'

    def take(self, full_at: float, now: float) -> float:
        """When the bucket is full again after a request at `now`. Raises ConnectorError (RATE_LIMITED)."""
        after = max(full_at, now) + self.seconds_each
        wait = after - now - self.tolerance
        if wait > _ROUNDING_SECONDS:
            message = f"Too many requests: at most {self.quota} within {_whole(self.tolerance)} s."
            raise ConnectorError(Reason.RATE_LIMITED, message, retry_after_seconds=wait)
        return after

    def state(self, full_at: float, now: float) -> str:
        """What is left, as an item of the field `RateLimit`."""
        missing = max(0.0, full_at - now)
        left = max(0, int((self.tolerance - missing + _ROUNDING_SECONDS) / self.seconds_each))
        return f'"{self.name}";r={left};t={_whole(missing)}'


class Quota:
    """The bucket of an endpoint or a tenant."""

    __slots__ = ("_full_at", "rate")

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._full_at = 0.0

    def take(self, now: float) -> None:
        """Count a request. now: seconds of a monotonic clock. Raises ConnectorError (RATE_LIMITED)."""
        self._full_at = self.rate.take(self._full_at, now)

    def give_back(self) -> None:
        """The request that was counted last is not let in after all."""
        self._full_at -= self.rate.seconds_each

    def state(self, now: float) -> str:
        """What is left, as an item of the field `RateLimit`."""
        return self.rate.state(self._full_at, now)


class AddressQuotas:
    """A bucket for each network address, of which a bounded number is remembered."""

    __slots__ = ("_full_at", "_max_addresses", "rate")

    def __init__(self, rate: Rate, max_addresses: int = MAX_ADDRESSES) -> None:
        self.rate = rate
        self._max_addresses = max_addresses
        self._full_at: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, address: str, now: float) -> None:
        """Count a request from the address. Raises ConnectorError (RATE_LIMITED)."""
        key = network(address)
        full_at = self._full_at.pop(key, 0.0)
        try:
            full_at = self.rate.take(full_at, now)
        finally:
            self._full_at[key] = full_at
            if len(self._full_at) > self._max_addresses:
                del self._full_at[next(iter(self._full_at))]

    def state(self, address: str, now: float) -> str:
        """What is left to the address, as an item of the field `RateLimit`."""
        return self.rate.state(self._full_at.get(network(address), 0.0), now)


class EndpointQuotas:
    """The buckets of the endpoints and tenants. One for the process: the endpoints of a tenant share a bucket."""

    def __init__(self, limits: LimitSettings, processes: int) -> None:
        self._limits = limits
        self._processes = processes
        self._quotas: dict[tuple[str, str, RateSettings], Quota] = {}

    def of(self, endpoint: str, tenant: str | None, rate: RateSettings | None) -> tuple[Quota, ...]:
        """What each verified request to the endpoint is taken from; the same buckets for the same settings."""
        quotas = [] if rate is None else [self._quota("endpoint", endpoint, rate)]
        if tenant is not None:
            shared = self._limits.tenant_rates.get(tenant, self._limits.tenant_rate)
            quotas += [] if shared is None else [self._quota("tenant", tenant, shared)]
        return tuple(quotas)

    def _quota(self, kind: str, name: str, settings: RateSettings) -> Quota:
        key = (kind, name, settings)
        if key not in self._quotas:
            self._quotas[key] = Quota(Rate(kind, settings, self._processes))
        return self._quotas[key]


def address_quotas(limits: LimitSettings, processes: int) -> AddressQuotas | None:
    """The buckets of the addresses that send, if their rate is limited."""
    return None if limits.address_rate is None else AddressQuotas(Rate("address", limits.address_rate, processes))


def take_all(quotas: Sequence[Quota], now: float) -> None:
    """Count a request in each bucket, or in none. Raises ConnectorError (RATE_LIMITED)."""
    for index, quota in enumerate(quotas):
        try:
            quota.take(now)
        except ConnectorError:
            for taken in quotas[:index]:
                taken.give_back()
            raise


def fields(quotas: Sequence[Quota], addresses: AddressQuotas | None, address: str) -> bytes:
    """The fields `RateLimit-Policy` and `RateLimit`, each with its line end."""
    now = perf_counter()
    policies = [quota.rate.policy for quota in quotas]
    states = [quota.state(now) for quota in quotas]
    if addresses is not None:
        policies.append(addresses.rate.policy)
        states.append(addresses.state(address, now))
    return f"RateLimit-Policy: {', '.join(policies)}\r\nRateLimit: {', '.join(states)}\r\n".encode()


@lru_cache(maxsize=MAX_ADDRESSES)
def network(address: str) -> str:
    """Whom an address belongs to: itself, and in IPv6 the /64 network, in which a host chooses freely."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> _HOST_BITS << _HOST_BITS))


def _whole(seconds: float) -> int:
    return max(0, ceil(seconds - _ROUNDING_SECONDS))
