"""Which addresses this process connects to, through Python's sockets or a C library's."""

import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Any

from router.config.names import host_port
from router.testing.conformance.claim import broken, hold
from router.testing.conformance.descriptors import descriptors

_LISTENING = "0A"
_TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))

Address = tuple[str, int]


@dataclass
class Seen:
    """The addresses that were connected to, and the sockets that were there before."""

    before: frozenset[str]
    addresses: set[Address] = field(default_factory=set)

    def look(self) -> None:
        """Note what C libraries are connected to now; Linux only."""
        self.addresses |= _connected(self.before)


_watching: list[Seen] = []


@contextmanager
def watched() -> Iterator[Seen]:
    """Notes connections while the context lasts."""
    _listen()
    seen = Seen(frozenset(_inodes()))
    _watching.append(seen)
    try:
        yield seen
    finally:
        _watching.remove(seen)


def check_declared(hosts: Iterable[str]) -> None:
    """Break the claim unless each can be granted by a scope."""
    for host in hosts:
        try:
            host_port(host)
        except ValueError as error:
            broken(f"hosts() gives {host!r}, which {error}")


def check_connected(seen: Seen, hosts: Iterable[str]) -> None:
    """Break the claim if anything was connected to that is not among the hosts."""
    allowed = {address for host in hosts for address in _resolved(host)}
    for host, port in sorted(seen.addresses - allowed):
        declared = ", ".join(hosts) or "nothing"
        hold((host, port) in allowed, f"it connects to {host}:{port}, but hosts() gives {declared}")


@cache
def _listen() -> None:
    """Hear of every connection that Python makes; once, since a hook cannot be taken away."""

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and _watching:
            made, address = arguments
            if made.family in (socket.AF_INET, socket.AF_INET6) and made.type == socket.SOCK_STREAM:
                for seen in _watching:
                    seen.addresses.update(_resolved(f"{address[0]}:{address[1]}"))

    sys.addaudithook(hear)


def _resolved(host: str) -> set[Address]:
    name, _, port = host.rpartition(":")
    found = socket.getaddrinfo(name.strip("[]"), int(port), type=socket.SOCK_STREAM)
    return {(_plain(str(address[0])), int(port)) for *_, address in found}


def _connected(before: frozenset[str]) -> set[Address]:
    rows = [line.split() for table in _TABLES if table.exists() for line in table.read_text().splitlines()[1:]]
    mine = _inodes() - before
    # What was accepted by a server of the test is no connection of the connector's.
    served = {row[1].rpartition(":")[2] for row in rows if row[3] == _LISTENING}
    return {
        _address(row[2])
        for row in rows
        if row[9] in mine and row[3] != _LISTENING and row[1].rpartition(":")[2] not in served
    }


def _inodes() -> set[str]:
    return {link[8:-1] for link in descriptors().values() if link.startswith("socket:[")}


def _address(text: str) -> Address:
    """The kernel's `0100007F:1F90`, whose words are in the machine's byte order."""
    digits, _, port = text.partition(":")
    words = [int(digits[at : at + 8], 16) for at in range(0, len(digits), 8)]
    packed = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    return _plain(str(ip_address(packed))), int(port, 16)


def _plain(host: str) -> str:
    address = ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
