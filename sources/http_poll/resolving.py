"""Connections of aiohttp go to addresses that the guard of outgoing connections has checked, and to no others."""

import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from router.api import ConnectorError, Egress, Reason


class GuardedResolver(AbstractResolver):
    """Resolves names by the guard. Addresses that are written out pass it by: check them before a request."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The checked addresses. Raises ConnectorError (EGRESS_DENIED); OSError, as aiohttp has it."""
        try:
            addresses = await self._egress.addresses(host, port)
        except ConnectorError as error:
            if error.reason is Reason.EGRESS_DENIED:
                raise
            raise OSError(None, error.message) from None
        families = {address: socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses}
        return [
            ResolveResult(hostname=host, host=address, port=port, family=of, proto=0, flags=socket.AI_NUMERICHOST)
            for address, of in families.items()
            if family in (socket.AF_UNSPEC, of)
        ]

    async def close(self) -> None:
        """Nothing is held."""


def guarded(egress: Egress) -> aiohttp.TCPConnector:
    """What a session connects with."""
    return aiohttp.TCPConnector(resolver=GuardedResolver(egress))
