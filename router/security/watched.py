"""A path of Vault that references point at: what was read, what went wrong, and when to look again."""

import math
from dataclasses import dataclass, field

from router.api import ConnectorError, Reason
from router.security.lease import Lease
from router.security.reader import Reading

MAX_CHARACTERS = 65_536
_STORE_AWAY = frozenset({Reason.SECRET_UNAVAILABLE, Reason.CREDENTIAL_REFUSED})


@dataclass(slots=True)
class Watched:
    """references: the field that each of them points at. again_at: not to be asked before (monotonic seconds)."""

    path: str
    references: dict[str, str] = field(default_factory=dict)
    reading: Reading | None = None
    fault: ConnectorError | None = None
    failures: int = 0
    again_at: float = -math.inf

    @property
    def lease(self) -> Lease | None:
        """The lease of what was read."""
        return self.reading.lease if self.reading else None

    def due_at(self, token: int) -> float:
        """When to read or renew (monotonic seconds). token: the number of our present token."""
        lease = self.lease
        # What hangs on an earlier token ends with it: it is replaced at once.
        return self.again_at if lease is None or lease.token != token else max(lease.term.due_at, self.again_at)

    def value(self, reference: str) -> str:
        """The value that the reference points at.

        Raises ConnectorError: why nothing was read; SECRET_NOT_FOUND, SECRET_UNUSABLE if the field is no text.
        """
        if self.reading is None:
            fault = self.fault or ConnectorError(Reason.SECRET_UNAVAILABLE, "It has not been read yet.")
            raise ConnectorError(fault.reason, f"{reference}: {fault.message}", fix=fault.fix)
        value = self.reading.fields.get(self.references[reference])
        if value is None or value == "":
            message = f"{reference}: the path has no such field, or it is empty."
            raise ConnectorError(Reason.SECRET_NOT_FOUND, message, fix="Correct the field's name, or write the field.")
        if not isinstance(value, str) or len(value) > MAX_CHARACTERS:
            message = f"{reference}: the field is not a text of at most {MAX_CHARACTERS} characters."
            raise ConnectorError(Reason.SECRET_UNUSABLE, message, fix="Write the secret as a text of its own.")
        return value

    def succeeded(self, reading: Reading, again_at: float) -> None:
        """Vault has answered. again_at: when to read it again, if it has no lease that tells."""
        self.reading = reading
        self.fault = None
        self.failures = 0
        self.again_at = again_at if reading.lease is None else -math.inf

    def failed(self, fault: ConnectorError, again_at: float) -> None:
        """Vault has not answered, or refuses. Only a value without a lease is dropped, and only if it was refused."""
        if fault.reason not in _STORE_AWAY and self.lease is None:
            self.reading = None
        self.fault = fault
        self.failures += 1
        self.again_at = again_at
