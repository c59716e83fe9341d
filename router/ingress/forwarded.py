"""What proxies tell of the sender: `Forwarded` (https://www.rfc-editor.org/rfc/rfc7239) and `X-Forwarded-*`."""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105  a token of HTTP
_PAIR = re.compile(rf'(?P<name>{_TOKEN})=(?:(?P<token>{_TOKEN})|"(?P<quoted>(?:[^"\\]|\\.)*)")')
_NODE = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+))(?::[0-9]{1,5})?")
_AUTHORITY = re.compile(r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z._-]{1,253})(?::[0-9]{1,5})?")
_SCHEMES = ("http", "https")
_MAX_HOPS = 64


class Hop(NamedTuple):
    """What one proxy tells: where the request came from, how, and for which host. None: not told, or not usable."""

    address: str | None
    scheme: str | None = None
    authority: str | None = None


def forwarded(values: Sequence[str]) -> list[Hop]:
    """The hops of `Forwarded` headers, the sender's first; none if they are malformed. Total."""
    try:
        return [_element(pairs) for pairs in _elements(", ".join(values))]
    except ValueError:
        return []


def x_forwarded(addresses: Sequence[str], schemes: Sequence[str], authorities: Sequence[str]) -> list[Hop]:
    """The hops of `X-Forwarded-For`, `-Proto` and `-Host`, the sender's first; total.

    Each proxy adds to the end, or writes anew: so they belong together from the right, and a list that is shorter
    tells with its first value of all hops before it.
    """
    hosts, protocols = _list(authorities), _list(schemes)
    found = _list(addresses)
    hops = []
    for place in range(len(found)):
        back = len(found) - place
        scheme, authority = _from_right(protocols, back), _from_right(hosts, back)
        hops.append(Hop(node(found[place]), _scheme(scheme), _authority(authority)))
    return hops


def node(text: str) -> str | None:
    """The IP address, with or without a port, as `ipaddress` writes it; None if there is none."""
    found = _NODE.fullmatch(text)
    try:
        return plain(text if found is None else found["six"] or found["four"])
    except ValueError:
        return None


def plain(text: str) -> str:
    """An IP address as `ipaddress` writes it; one that is mapped to IPv6 as IPv4. Raises ValueError."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _list(values: Sequence[str]) -> list[str]:
    return [text.strip(" \t") for text in ",".join(values).split(",")][-_MAX_HOPS:] if values else []


def _from_right(values: Sequence[str], back: int) -> str | None:
    if not values:
        return None
    return values[-back] if back <= len(values) else values[0]


def _scheme(text: str | None) -> str | None:
    lower = None if text is None else text.lower()
    return lower if lower in _SCHEMES else None


def _authority(text: str | None) -> str | None:
    return text if text is not None and _AUTHORITY.fullmatch(text) else None


def _element(pairs: dict[str, str]) -> Hop:
    return Hop(node(pairs.get("for", "")), _scheme(pairs.get("proto")), _authority(pairs.get("host")))


def _elements(text: str) -> Iterator[dict[str, str]]:
    """The parameters of each element, by name in lower case. Raises ValueError."""
    place, pairs = 0, dict[str, str]()
    while True:
        found = _PAIR.match(text, place)
        if found is None or found["name"].lower() in pairs:
            raise ValueError(text)
        quoted = found["quoted"]
        value = found["token"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        pairs[found["name"].lower()] = value
        place = found.end()
        if text[place : place + 1] == ";":
            place += 1
            continue
        yield pairs
        rest = text[place:].lstrip(" \t")
        if not rest:
            return
        if rest[0] != ",":
            raise ValueError(text)
        place, pairs = len(text) - len(rest[1:].lstrip(" \t")), {}
