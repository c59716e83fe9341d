"""Lists of the addresses that senders may have: https://datatracker.ietf.org/doc/html/rfc4632."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated

from pydantic import AfterValidator, Field

from router.api import ConnectorError, Reason, Request

Network = IPv4Network | IPv6Network
_MAPPED_BITS = 96
"""How many bits of an IPv6 address precede an IPv4 address in it."""


def network(text: str) -> Network:
    """The network, or the one address; of IPv4 addresses that are written as IPv6, the IPv4 network.

    Raises ValueError.
    """
    try:
        found = ip_network(text)
    except ValueError:
        message = "must be an address or a network such as 192.0.2.0/24, without bits behind its prefix"
        raise ValueError(message) from None
    if not found.prefixlen:
        message = "must not be all addresses; leave `addresses` out instead"
        raise ValueError(message)
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) else None
    if mapped is not None and found.prefixlen >= _MAPPED_BITS:
        return network(f"{mapped}/{found.prefixlen - _MAPPED_BITS}")
    return found


def _readable(text: str) -> str:
    network(text)
    return text


Addresses = Annotated[tuple[Annotated[str, AfterValidator(_readable)], ...], Field(max_length=1000)]


class AddressList:
    """The networks, ready to look in; an empty list allows everybody."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._networks = tuple([network(text) for text in texts])

    def check(self, request: Request) -> None:
        """Return if the sender may be there.

        Raises ConnectorError, answered as where there is no endpoint: ADDRESS_NOT_ALLOWED, METHOD_NOT_ALLOWED.
        """
        if not self._networks or _is_in(self._networks, request.peer.address):
            return
        if request.method != "POST":
            raise ConnectorError(Reason.METHOD_NOT_ALLOWED, "Send a POST request.")
        raise ConnectorError(Reason.ADDRESS_NOT_ALLOWED, "The sender's address is not on the endpoint's list.")


def _is_in(networks: tuple[Network, ...], text: str) -> bool:
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or IPv6Address(int(address))
    return any(address in one for one in networks)
