"""The PROXY protocol, versions 1 and 2: https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt ."""

import ipaddress
import re
from typing import NamedTuple

from router.api import ConnectorError, Reason

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED_BYTES = 16
_MAX_LINE_BYTES = 107
_MAX_BLOCK_BYTES = 2_048
"""Of addresses and TLVs; the largest known, with a client's certificate details, has some hundreds."""

_LINE = re.compile(
    rb"PROXY TCP(?P<version>[46]) (?P<source>[0-9A-Fa-f.:]{2,45}) (?P<target>[0-9A-Fa-f.:]{2,45})"
    rb" (?P<ports>(?:0|[1-9][0-9]{0,4}) (?:0|[1-9][0-9]{0,4}))\r\n"
)
_UNKNOWN = re.compile(rb"PROXY UNKNOWN(?: [^\r\n]*)?\r\n")
_MAX_PORT = 65_535
_LOCAL, _PROXY = 0x20, 0x21
_PLACES = {0x1: (4, 12), 0x2: (16, 36)}
"""By address family: the bytes of an address, and of both addresses with their ports."""

_STREAM = 0x1
_TLV_SSL = 0x20
_CLIENT_SSL = 0x01


class Header(NamedTuple):
    """What a proxy tells at the start of a connection.

    address: of the sender, as `ipaddress` writes it; None if it is the proxy itself who connects. size: its bytes.
    secure: the sender has come to the proxy over TLS.
    """

    address: str | None
    size: int
    secure: bool = False


def parse(data: bytes) -> Header | None:
    """The header that the bytes begin with; None as long as it may still become one.

    Raises ConnectorError: PAYLOAD_MALFORMED if it is none.
    """
    if data.startswith(_SIGNATURE):
        return _binary(data)
    if _SIGNATURE.startswith(data) or b"PROXY ".startswith(data):
        return None
    if data.startswith(b"PROXY "):
        return _text(data)
    raise _malformed()


def _text(data: bytes) -> Header | None:
    end = data.find(b"\n", 0, _MAX_LINE_BYTES) + 1
    if not end:
        if len(data) >= _MAX_LINE_BYTES:
            raise _malformed()
        return None
    line = data[:end]
    if _UNKNOWN.fullmatch(line):
        return Header(None, end)
    found = _LINE.fullmatch(line)
    if found is None or any(int(port) > _MAX_PORT for port in found["ports"].split()):
        raise _malformed()
    version = int(found["version"])
    source, _ = [_address(found[name].decode(), version) for name in ("source", "target")]
    return Header(source, end)


def _address(text: str, version: int) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise _malformed() from None
    if address.version != version:
        raise _malformed()
    return str(address)


def _binary(data: bytes) -> Header | None:
    if len(data) < _FIXED_BYTES:
        return None
    command, family, length = data[12], data[13], int.from_bytes(data[14:16], "big")
    if command not in (_LOCAL, _PROXY) or length > _MAX_BLOCK_BYTES:
        raise _malformed()
    size = _FIXED_BYTES + length
    if len(data) < size:
        return None
    # Of a local command everything else is to be ignored; and what is no TCP has no address of use.
    if command == _LOCAL or family == 0:
        return Header(None, size)
    width, both = _PLACES.get(family >> 4, (0, 0))
    if not width or family & 0xF != _STREAM or length < both:
        raise _malformed()
    block = data[_FIXED_BYTES:size]
    return Header(str(ipaddress.ip_address(block[:width])), size, _is_secure(block[both:]))


def _is_secure(extensions: bytes) -> bool:
    """Whether they tell of TLS. Raises ConnectorError if they are not whole."""
    place, secure = 0, False
    while place < len(extensions):
        start = place + 3
        end = start + int.from_bytes(extensions[place + 1 : start], "big")
        if start > len(extensions) or end > len(extensions):
            raise _malformed()
        if extensions[place] == _TLV_SSL:
            secure = end > start and bool(extensions[start] & _CLIENT_SSL)
        place = end
    return secure


def _malformed() -> ConnectorError:
    return ConnectorError(Reason.PAYLOAD_MALFORMED, "The connection does not begin with a PROXY header.")
