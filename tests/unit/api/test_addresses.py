"""Kinds of addresses, with the neighbours just outside of each range."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api.addresses import METADATA, forms, literal, special_kind

IPV4 = st.integers(0, 2**32 - 1).map(IPv4Address)


def is_special(text: str) -> bool:
    return any(special_kind(form) is not None for form in forms(ip_address(text)))


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.1", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255"),
        *("127.0.0.0", "127.0.0.1", "127.255.255.255", "169.254.0.0", "169.254.255.255", "172.16.0.0"),
        *("172.31.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.1", "192.88.99.1", "192.168.0.0"),
        *("192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.0"),
        *("239.255.255.255", "240.0.0.0", "255.255.255.254", "255.255.255.255", "168.63.129.16"),
        *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.1.2.3", "64:ff9b::8.8.8.8", "64:ff9b:1::1"),
        *("100::1", "2001::1", "2001:2::1", "2001:db8::1", "2001:1ff:ffff::", "2002:808:808::1", "3fff::1"),
        *("3fff:fff::1", "4000::1", "5f00::1", "fc00::1", "fdff:ffff::1", "fe80::1", "fe80::1%eth0", "febf::1"),
        *("fec0::1", "ff02::1", "fd00:ec2::254"),
    ],
)
def test_a_special_address_is_told(address: str) -> None:
    assert is_special(address)


@pytest.mark.parametrize(
    "address",
    [
        *("1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.254", "100.63.255.255", "100.128.0.0"),
        *("100.128.0.1", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255"),
        *("172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0"),
        *("192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0"),
        *("203.0.112.255", "203.0.114.0", "223.255.255.255", "168.63.129.15", "168.63.129.17"),
        *("2000::1", "2001:200::1", "2001:db7:ffff::", "2001:db9::1", "2003::1", "2606:4700::1111", "3ffe:ffff::1"),
        *("3fff:1000::1", "::ffff:8.8.8.8"),
    ],
)
def test_an_address_of_the_internet_is_not_special(address: str) -> None:
    assert not is_special(address)


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "169.254.170.2", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::"),
        *("2001:0:a9fe:a9fe::1", "2001:0:808:808:0:0:5601:5601", "fd00:ec2::254", "fd00:ec2::254%eth0"),
    ],
)
def test_a_metadata_service_is_told_in_every_form(address: str) -> None:
    assert METADATA in [special_kind(form) for form in forms(ip_address(address))]


@given(IPV4)
def test_an_ipv4_address_is_no_more_allowed_within_ipv6(address: IPv4Address) -> None:
    number = int(address)
    mapped = IPv6Address(0xFFFF << 32 | number)
    nat64 = IPv6Address(0x64FF9B << 96 | number)
    six_to_four = IPv6Address(0x2002 << 112 | number << 80)
    teredo = IPv6Address(0x20010000 << 96 | (number ^ 0xFFFFFFFF))

    assert forms(mapped) == (address,)
    assert all(address in forms(one) for one in (nat64, six_to_four, teredo))
    assert all(special_kind(one) is not None for one in (nat64, six_to_four, teredo))


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_an_ipv6_address_outside_of_the_global_block_is_special(address: IPv6Address) -> None:
    is_global = int(address) >> 125 == 1

    assert is_global or special_kind(address) is not None


@given(IPV4 | st.integers(0, 2**128 - 1).map(IPv6Address))
def test_an_address_is_a_literal_with_or_without_brackets(address: IPv4Address | IPv6Address) -> None:
    assert literal(str(address)) == literal(f"[{address}]") == address


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "a.example", ""])
def test_any_other_spelling_is_no_literal(host: str) -> None:
    assert literal(host) is None
