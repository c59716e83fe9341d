"""What a path of Vault holds: read, kept for as long as its lease can be renewed, and read anew."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from router.api import ConnectorError, Reason
from router.security.client import Client, section
from router.security.lease import Lease, Term
from router.security.login import Login

_KV_2_ANSWERS_BELOW = "data"


@dataclass(frozen=True, slots=True)
class Reading:
    """The fields of a path. lease: of a dynamic secret; None: the value holds until somebody changes it."""

    fields: Mapping[str, Any]
    lease: Lease | None


class _Mount(NamedTuple):
    path: str
    is_kv_2: bool


class Reader:
    """Reads with our token, and once more with a new one if Vault has forgotten it. Blocking, for one thread at a time.

    clock: monotonic seconds.
    """

    def __init__(self, client: Client, login: Login, clock: Callable[[], float]) -> None:
        self._client = client
        self._login = login
        self._clock = clock
        self._mounts: dict[str, _Mount] = {}

    def read(self, path: str) -> Reading:
        """Read the path. Raises ConnectorError, as Client.get and Login.keep."""
        try:
            return self._read(path)
        except ConnectorError as error:
            if error.reason is not Reason.PERMISSION_DENIED or not self._login.recover():
                raise
        return self._read(path)

    def refresh(self, path: str, reading: Reading | None) -> Reading:
        """Renew the lease; read anew where there is none, or where it cannot be renewed for its full time."""
        lease = reading.lease if reading else None
        if reading is not None and lease is not None and lease.token == self._login.number and lease.term.is_renewable:
            renewed = self._renew(lease)
            if renewed is not None and renewed.term.is_renewable:
                return replace(reading, lease=renewed)
        return self.read(path)

    def revoke(self, lease: Lease) -> None:
        """End the lease now. Raises ConnectorError: PERMISSION_DENIED unless the policy allows it."""
        self._client.post("sys/leases/revoke", {"lease_id": lease.id, "sync": True})

    def _read(self, path: str) -> Reading:
        mount = self._mount(path)
        asked_at = self._clock()
        try:
            answer = self._client.get(_within(mount, path))
        except ConnectorError as error:
            if error.reason is Reason.SECRET_NOT_FOUND:
                # Perhaps because something else is mounted there by now.
                self._mounts.pop(path, None)
            raise
        fields = section(answer, "data")
        if mount.is_kv_2:
            fields = section(fields, _KV_2_ANSWERS_BELOW)
        if not answer.get("lease_id"):
            return Reading(fields, None)
        term = Term.of(asked_at, answer["lease_duration"], renewable=answer["renewable"])
        return Reading(fields, Lease(answer["lease_id"], term, self._login.number))

    def _renew(self, lease: Lease) -> Lease | None:
        asked_at = self._clock()
        wanted = {"lease_id": lease.id, "increment": int(lease.term.full_seconds)}
        try:
            answer = self._client.post("sys/leases/renew", wanted)
        except ConnectorError as error:
            if error.reason is Reason.SECRET_UNAVAILABLE:
                raise
            return None  # revoked, or not ours any more
        term = lease.term.renewed(asked_at, answer["lease_duration"], renewable=answer["renewable"])
        return replace(lease, term=term)

    def _mount(self, path: str) -> _Mount:
        """What is mounted where the path begins: only the mounted engine's version tells where a KV secret is."""
        known = self._mounts.get(path)
        if known is None:
            try:
                found = section(self._client.get(f"sys/internal/ui/mounts/{path}"), "data")
            except ConnectorError as error:
                if error.reason is not Reason.PERMISSION_DENIED:
                    raise
                message = f"Vault denies access to {path}, or has nothing mounted there."
                raise ConnectorError(error.reason, message, fix="Add the path to the token's policy.") from None
            options = found.get("options") or {}
            known = self._mounts[path] = _Mount(found["path"], found["type"] == "kv" and options.get("version") == "2")
        return known


def _within(mount: _Mount, path: str) -> str:
    return f"{mount.path}data/{path.removeprefix(mount.path)}" if mount.is_kv_2 else path
