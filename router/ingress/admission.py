"""Who is let in: connections up to a number, and requests as long as Kafka keeps up with them."""

import resource
from math import inf

from router.api import ConnectorError, Reason
from router.config.limits import LimitSettings
from router.ingress.rates import network

_LEAST_IN_FLIGHT = 32
"""Let in even if nothing comes back: how else would we learn that it does again?"""

_SHRINK = 0.7
_GROW = 2.0
_OTHER_DESCRIPTORS = 256
"""Of a process: its clients of Kafka, files, and ports."""


def make_places(limits: LimitSettings, processes: int) -> "Places":
    """As many as one of the processes may have, and as its file descriptors suffice for."""
    wanted = max(1, limits.max_connections // processes)
    total = max(1, min(wanted, _descriptors(wanted + _OTHER_DESCRIPTORS) - _OTHER_DESCRIPTORS))
    return Places(total, max(1, limits.max_connections_per_address // processes))


def make_admission(limits: LimitSettings, processes: int, now: float) -> "Admission":
    """Of one of the processes. now: of the clock that it is adjusted by."""
    return Admission(max(1, limits.max_in_flight // processes), limits.target_latency_seconds, now)


def _descriptors(wanted: int) -> int:
    """How many files the process may open; raised as far as it may be raised, if more are wanted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


class Places:
    """The places for connections: so many, and so many of them for one address."""

    __slots__ = ("_at", "_free", "_per_address")

    def __init__(self, total: int, per_address: int) -> None:
        self._free = total
        self._per_address = per_address
        self._at: dict[str, int] = {}

    @property
    def full(self) -> bool:
        """Whether there is no place for anybody."""
        return self._free <= 0

    def enter(self, address: str) -> Reason | None:
        """Take a place; the reason if there is none: TOO_MANY_CONNECTIONS for this address, or OVERLOADED."""
        key = network(address)
        taken = self._at.get(key, 0)
        if taken >= self._per_address:
            return Reason.TOO_MANY_CONNECTIONS
        if self.full:
            return Reason.OVERLOADED
        self._free -= 1
        self._at[key] = taken + 1
        return None

    def leave(self, address: str) -> None:
        """Give the place back that the address has taken."""
        key = network(address)
        self._free += 1
        if self._at[key] == 1:
            del self._at[key]
        else:
            self._at[key] -= 1


class Admission:
    """Lets as many requests in as are answered within the latency that is aimed at.

    What waits for Kafka waits in memory. When even the fastest request of an interval takes too long, a queue stands
    that more requests would only make longer: fewer are let in, until it is gone (after CoDel,
    https://www.rfc-editor.org/rfc/rfc8289, and the limits of https://github.com/Netflix/concurrency-limits).
    """

    __slots__ = ("_fastest", "_last_end", "_max", "_most", "_target", "in_flight", "limit")

    def __init__(self, max_in_flight: int, target_seconds: float, now: float) -> None:
        self._max = max_in_flight
        self._target = target_seconds
        self._fastest = inf
        self._most = 0
        self._last_end = now
        self.in_flight = 0
        self.limit = max_in_flight

    def enter(self) -> ConnectorError | None:
        """A request is let in, or OVERLOADED."""
        if self.in_flight >= self.limit:
            return ConnectorError(Reason.OVERLOADED, "We have taken as much as we can hold; nothing was accepted.")
        self.in_flight += 1
        return None

    def leave(self, seconds: float) -> None:
        """It is answered. seconds: since it was let in; infinite if it has not come as far as to Kafka."""
        self._most = max(self._most, self.in_flight)
        self.in_flight -= 1
        self._fastest = min(self._fastest, seconds)

    def adjust(self, now: float, lag: float) -> None:
        """At the end of each interval. now: of a monotonic clock. lag: seconds by which the event loop is late."""
        if self._fastest < inf or not self.in_flight:
            self._last_end = now
        waited = self._fastest if self._fastest < inf else now - self._last_end
        if max(waited, lag) > self._target:
            least = min(_LEAST_IN_FLIGHT, self._max)
            self.limit = max(least, int(min(self.limit, max(self._most, self.in_flight)) * _SHRINK))
        elif self.limit < self._max:
            self.limit = min(self._max, int(self.limit * _GROW))
        self._fastest, self._most = inf, 0
