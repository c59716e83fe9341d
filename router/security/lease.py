"""What Vault lends for a time, and when it must be renewed."""

import math
from dataclasses import dataclass

_RENEW_AFTER = 2 / 3


@dataclass(frozen=True, slots=True)
class Term:
    """A time that Vault has granted, from when we asked for it.

    granted_at: monotonic seconds, before the request was sent. seconds: infinite where nothing ends. full_seconds:
    what was granted at the first time; Vault grants less where a maximum comes near.
    """

    granted_at: float
    seconds: float
    renewable: bool
    full_seconds: float

    @classmethod
    def of(cls, granted_at: float, seconds: float, *, renewable: bool) -> "Term":
        """The first grant. seconds: 0, as Vault has it, for a grant that never ends."""
        lasting = seconds or math.inf
        return cls(granted_at, lasting, renewable, lasting)

    def renewed(self, granted_at: float, seconds: float, *, renewable: bool) -> "Term":
        """The same after a renewal."""
        return Term(granted_at, seconds or math.inf, renewable, self.full_seconds)

    @property
    def ends_at(self) -> float:
        """When it ends if nothing is done (monotonic seconds)."""
        return self.granted_at + self.seconds

    @property
    def due_at(self) -> float:
        """When to renew it, or to replace it: after two thirds."""
        return self.granted_at + self.seconds * _RENEW_AFTER

    @property
    def is_renewable(self) -> bool:
        """Whether a renewal is worth it: Vault allows it, and the last one was not cut short by a maximum."""
        return self.renewable and self.seconds >= self.full_seconds * _RENEW_AFTER


@dataclass(frozen=True, slots=True)
class Lease:
    """A dynamic secret's lease. token: which of our tokens it hangs on; it ends with that token."""

    id: str
    term: Term
    token: int
