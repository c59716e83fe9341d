"""Which addresses connectors may connect to: the guard against requests that a configuration leads into a network.

A name is resolved once, all that it resolves to is checked, and the caller connects to exactly what was checked.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from router.api.addresses import LOOPBACK, METADATA, IPAddress, IPNetwork, forms, literal, special_kind
from router.api.errors import ConnectorError
from router.api.reasons import Reason

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the IP addresses of a name, for connections to a port. Raises OSError."""

_RESOLVE_SECONDS = 5.0
_UNUSUAL_FIX = "Write an IPv4 address as four decimal numbers, such as `192.0.2.1`."
_NUMERIC = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")


async def system_addresses(host: str, port: int) -> Sequence[str]:
    """The name's addresses as the system resolves it. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class Egress:
    """What a connector may connect to: the public Internet, `allow`, and the literal addresses of its own scopes.

    allow: networks that the configuration allows to every connector. hosts: the connector's `scopes.hosts`, of which
    those that are literal IP addresses, or `localhost`, are allowed as well. resolver: what resolves names.
    """

    allow: tuple[IPNetwork, ...] = ()
    hosts: frozenset[str] = frozenset()
    resolver: Resolver = system_addresses

    async def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The IP addresses to connect to, one of them and nothing else, in the order of preference.

        Raises ConnectorError: EGRESS_DENIED if any of them is denied; TARGET_UNREACHABLE if the name has none.
        """
        self.check_literal(host, port)
        found = literal(host)
        if found is not None:
            return (str(found),)
        resolved = await self._resolved(host, port)
        if self._is_local(host, port, resolved):
            return tuple(map(str, resolved))
        for address in resolved:
            kind = self._denied(address)
            if kind is not None:
                raise _denial(host, port, f"leads to {kind}", _fix(kind))
        return tuple(map(str, resolved))

    def check_literal(self, host: str, port: int) -> None:
        """Check what can be checked without resolving a name. Raises ConnectorError (EGRESS_DENIED)."""
        address = literal(host)
        if address is None:
            if _NUMERIC.fullmatch(host.rstrip(".").rpartition(".")[2]):
                raise _denial(host, port, "is an unusual spelling of an address", _UNUSUAL_FIX)
            return
        kind = self._denied(address)
        if kind is not None and (kind == METADATA or not self._names(address, port)):
            raise _denial(host, port, f"is {kind}", _fix(kind))

    def _denied(self, address: IPAddress) -> str | None:
        """What the address is, if it may not be connected to."""
        for form in forms(address):
            kind = special_kind(form)
            if kind is not None and not self._allows(form, kind):
                return kind
        return None

    def _allows(self, form: IPAddress, kind: str) -> bool:
        # Whoever allows a network means its machines, and not what lends their identities.
        smallest = form.max_prefixlen if kind == METADATA else 0
        return any(
            form.version == network.version and form in network and network.prefixlen >= smallest
            for network in self.allow
        )

    def _names(self, host: IPAddress | str, port: int) -> bool:
        return any((literal(name) or name.lower(), number) == (host, str(port)) for name, number in self._named())

    def _named(self) -> list[tuple[str, str]]:
        split = [entry.rpartition(":") for entry in self.hosts]
        return [(name, number) for name, _, number in split]

    def _is_local(self, host: str, port: int, resolved: Sequence[IPAddress]) -> bool:
        """Whether it is `localhost`, as the scopes name it and as everybody understands it."""
        is_loopback = all(special_kind(form) == LOOPBACK for address in resolved for form in forms(address))
        return host.lower() == "localhost" and is_loopback and self._names("localhost", port)

    async def _resolved(self, host: str, port: int) -> Sequence[IPAddress]:
        try:
            async with asyncio.timeout(_RESOLVE_SECONDS):
                found = await self.resolver(host, port)
        except TimeoutError:
            raise _unresolved(host, "was not resolved in time") from None
        except (OSError, UnicodeError):
            raise _unresolved(host, "cannot be resolved") from None
        addresses = [address for text in dict.fromkeys(found) if (address := literal(text)) is not None]
        if not addresses:
            raise _unresolved(host, "has no address")
        return addresses


def _denial(host: str, port: int, what: str, fix: str) -> ConnectorError:
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return ConnectorError(Reason.EGRESS_DENIED, f"{shown}:{port} {what}, which connectors may not connect to.", fix=fix)


def _fix(kind: str) -> str:
    if kind == METADATA:
        return "If it may act as this machine, add the address itself, as a /32 or /128, to `egress.allow`."
    return "If it may, add its network to `egress.allow`, or write its IP address into `config` and `scopes.hosts`."


def _unresolved(host: str, what: str) -> ConnectorError:
    return ConnectorError(Reason.TARGET_UNREACHABLE, f"The name {host} {what}.", fix="See whether the name is right.")
