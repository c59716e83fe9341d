"""What kind of address an IP address is, by IANA's registries of special-purpose addresses.

https://www.iana.org/assignments/iana-ipv4-special-registry and https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

METADATA = "a metadata service of a cloud"
LOOPBACK = "a loopback address"
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL = IPv6Network("2000::/3")
_NOT_GLOBAL = "a reserved address"

_METADATA_SERVICES = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "100.100.100.200",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
        ),
    )
)
# The first that matches, so from the special to the general.
_KINDS: tuple[tuple[IPNetwork, str], ...] = tuple(
    (ip_network(network), kind)
    for kind, networks in {
        LOOPBACK: ("127.0.0.0/8", "::1/128"),
        "the unspecified address": ("0.0.0.0/32", "::/128"),
        "an address of this network": ("0.0.0.0/8",),
        "a link-local address": ("169.254.0.0/16", "fe80::/10"),
        "a private address": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
        "a shared address of a carrier": ("100.64.0.0/10",),
        "a multicast address": ("224.0.0.0/4", "ff00::/8"),
        "the broadcast address": ("255.255.255.255/32",),
        "an address for benchmarks": ("198.18.0.0/15", "2001:2::/48"),
        "an address for documentation": (
            "192.0.2.0/24",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "2001:db8::/32",
            "3fff::/20",
        ),
        "an IPv4 address within IPv6 (NAT64)": ("64:ff9b::/96", "64:ff9b:1::/48"),
        "an IPv4 address within IPv6 (6to4)": ("2002::/16",),
        "an IPv4 address within IPv6 (Teredo)": ("2001::/32",),
        _NOT_GLOBAL: ("192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4", "2001::/23", "5f00::/16", "100::/64"),
    }.items()
    for network in networks
)


def literal(host: str) -> IPAddress | None:
    """The address that the host is, with or without brackets; None if it is a name."""
    try:
        return ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def forms(address: IPAddress) -> tuple[IPAddress, ...]:
    """Every address that is reached by it: those within an IPv6 address first, then itself.

    An IPv4-mapped address is no other than the IPv4 address.
    """
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.teredo is not None:
        return (*address.teredo, address)
    if address.sixtofour is not None:
        return (address.sixtofour, address)
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFF_FFFF), address)
    return (address,)


def special_kind(form: IPAddress) -> str | None:
    """What the address is, such as `a private address`; None if it is one of the public Internet."""
    if _without_zone(form) in _METADATA_SERVICES:
        return METADATA
    for network, kind in _KINDS:
        if form in network:
            return kind
    return None if isinstance(form, IPv4Address) or form in _GLOBAL else _NOT_GLOBAL


def _without_zone(form: IPAddress) -> IPAddress:
    return IPv6Address(int(form)) if isinstance(form, IPv6Address) else form
