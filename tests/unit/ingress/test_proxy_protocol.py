"""The PROXY protocol: what proxies send is read, and nothing else is taken for it."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import ConnectorError, Reason
from router.ingress.proxy_protocol import Header, parse

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def block(command: int, family: int, content: bytes) -> bytes:
    return SIGNATURE + bytes([command, family]) + len(content).to_bytes(2, "big") + content


FOUR = bytes([192, 0, 2, 1, 10, 0, 0, 1]) + b"\x30\x39\x01\xbb"
SIX = ipaddress.ip_address("2001:db8::1").packed + ipaddress.ip_address("2001:db8::2").packed + b"\x30\x39\x01\xbb"
GOOD = {
    b"PROXY TCP4 192.0.2.1 10.0.0.1 12345 443\r\n": "192.0.2.1",
    b"PROXY TCP6 2001:DB8::1 2001:db8::2 12345 443\r\n": "2001:db8::1",
    b"PROXY UNKNOWN\r\n": None,
    b"PROXY UNKNOWN anything at all\r\n": None,
    block(0x21, 0x11, FOUR): "192.0.2.1",
    block(0x21, 0x21, SIX): "2001:db8::1",
    block(0x20, 0x00, b""): None,
    block(0x21, 0x00, b"ignored"): None,
}


@pytest.mark.parametrize(("data", "address"), GOOD.items())
def test_a_header_is_read_and_the_rest_is_left(data: bytes, address: str | None) -> None:
    assert parse(data + b"POST / HTTP/1.1\r\n") == Header(address, len(data))


@pytest.mark.parametrize("data", GOOD)
def test_every_beginning_of_a_header_waits_for_more(data: bytes) -> None:
    assert [parse(data[:size]) for size in range(len(data))] == [None] * len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"POST / HTTP/1.1\r\n",
        b"PROXY TCP4 192.0.2.1 10.0.0.1 12345 443\n",
        b"PROXY TCP4 192.0.2.1 10.0.0.1 012345 443\r\n",
        b"PROXY TCP4 192.0.2.1 10.0.0.1 65536 443\r\n",
        b"PROXY TCP4 2001:db8::1 10.0.0.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.256 10.0.0.1 1 2\r\n",
        b"PROXY TCP4  192.0.2.1 10.0.0.1 1 2\r\n",
        b"PROXY UDP4 192.0.2.1 10.0.0.1 1 2\r\n",
        b"PROXY " + b"x" * 200,
        block(0x31, 0x11, FOUR),
        block(0x22, 0x11, FOUR),
        block(0x21, 0x12, FOUR),
        block(0x21, 0x11, FOUR[:-1]),
        block(0x21, 0x11, FOUR + b"\x20\x00\x05\x01"),
        block(0x21, 0x11, FOUR + b"\x20\x00"),
        SIGNATURE + b"\x21\x11\xff\xff",
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ConnectorError) as caught:
        parse(data)

    assert caught.value.reason is Reason.PAYLOAD_MALFORMED


@pytest.mark.parametrize(("client", "secure"), [(b"\x01", True), (b"\x00", False)])
def test_the_proxy_tells_of_tls(client: bytes, secure: bool) -> None:
    data = block(0x21, 0x11, FOUR + b"\x20\x00\x05" + client + b"\x00\x00\x00\x00")

    assert parse(data) == Header("192.0.2.1", len(data), secure)


@given(st.sampled_from([b"", SIGNATURE, SIGNATURE + b"\x21\x11", b"PROXY TCP4 "]), st.binary(max_size=300))
def test_any_bytes_are_read_refused_or_waited_for(begin: bytes, rest: bytes) -> None:
    data = begin + rest
    try:
        header = parse(data)
    except ConnectorError:
        header = None

    assert header is None or 0 < header.size <= len(data)


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_every_address_is_read_as_it_was_written(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    line = f"PROXY TCP{address.version} {address} {address} 1 2\r\n".encode()
    family = 0x11 if address.version == 4 else 0x21

    text, binary = parse(line), parse(block(0x21, family, address.packed * 2 + b"\0\1\0\2"))

    assert text is not None
    assert binary is not None
    assert text.address == binary.address == str(address)
