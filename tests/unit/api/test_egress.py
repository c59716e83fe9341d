"""What the guard of outgoing connections lets through."""

import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import ConnectorError, Egress, Reason
from router.api.addresses import forms, special_kind
from router.api.egress import Resolver

_ADDRESSES = st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address)
_PUBLIC = st.sampled_from(["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1"]).map(ip_address)


def resolving(*addresses: str) -> Resolver:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve


def allowing(*networks: str, resolver: Resolver | None = None) -> Egress:
    allow = tuple(ip_network(network) for network in networks)
    return Egress(allow, resolver=resolver or resolving())


def scoped(*hosts: str, resolver: Resolver | None = None) -> Egress:
    return Egress(hosts=frozenset(hosts), resolver=resolver or resolving())


async def refusal(egress: Egress, host: str, port: int = 443) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        await egress.addresses(host, port)
    return caught.value


async def test_a_name_leads_to_all_its_public_addresses_in_order() -> None:
    egress = Egress(resolver=resolving("8.8.8.8", "2606:4700::1111", "8.8.8.8"))

    assert await egress.addresses("a.example", 443) == ("8.8.8.8", "2606:4700::1111")


@pytest.mark.parametrize("addresses", [("8.8.8.8", "10.0.0.1"), ("8.8.8.8", "fd00::1"), ("::ffff:127.0.0.1",)])
async def test_one_denied_address_denies_the_name(addresses: tuple[str, ...]) -> None:
    error = await refusal(Egress(resolver=resolving(*addresses)), "a.example")

    assert error.reason is Reason.EGRESS_DENIED


async def test_the_refusal_names_the_host_the_kind_and_the_fix_and_not_the_address() -> None:
    error = await refusal(Egress(resolver=resolving("10.1.2.3")), "a.example", 8443)

    assert error.message == "a.example:8443 leads to a private address, which connectors may not connect to."
    assert "`egress.allow`" in str(error.fix)
    assert "10.1.2.3" not in str(error)


async def test_a_refusal_stops_the_connector() -> None:
    assert (await refusal(Egress(), "127.0.0.1")).action == "stop"


async def test_a_name_without_an_address_is_tried_again() -> None:
    async def fail(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    for egress in (Egress(resolver=fail), Egress(resolver=resolving())):
        error = await refusal(egress, "a.example")
        assert (error.reason, error.action) == (Reason.TARGET_UNREACHABLE, "retry")


async def test_an_allowed_network_lets_a_name_through() -> None:
    egress = allowing("10.0.0.0/8", resolver=resolving("10.0.0.1", "8.8.8.8"))

    assert await egress.addresses("db.internal", 80) == ("10.0.0.1", "8.8.8.8")


async def test_a_neighbour_of_an_allowed_network_stays_denied() -> None:
    egress = allowing("10.1.0.0/16", resolver=resolving("10.2.0.1"))

    assert (await refusal(egress, "db.internal")).reason is Reason.EGRESS_DENIED


@pytest.mark.parametrize("networks", [("169.254.0.0/16",), ("0.0.0.0/0", "::/0")])
@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "64:ff9b::a9fe:a9fe"])
async def test_a_metadata_service_is_denied_within_an_allowed_network(networks: tuple[str, ...], address: str) -> None:
    for egress, host in (
        (allowing(*networks, resolver=resolving(address)), "a.example"),
        (allowing(*networks), address),
    ):
        assert (await refusal(egress, host)).reason is Reason.EGRESS_DENIED


async def test_a_metadata_service_is_denied_though_the_scopes_name_it() -> None:
    error = await refusal(scoped("169.254.169.254:80"), "169.254.169.254", 80)

    assert error.reason is Reason.EGRESS_DENIED
    assert "/32" in str(error.fix)


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254"])
async def test_a_metadata_service_that_is_allowed_itself_is_let_through(address: str) -> None:
    assert await allowing(address).addresses(address, 80) == (address,)


async def test_an_allowed_translator_does_not_open_what_is_behind_it() -> None:
    opened = allowing("64:ff9b::/96", resolver=resolving("64:ff9b::8.8.8.8"))
    hidden = allowing("64:ff9b::/96", resolver=resolving("64:ff9b::10.0.0.1"))

    assert await opened.addresses("a.example", 80) == ("64:ff9b::808:808",)
    assert (await refusal(hidden, "a.example")).reason is Reason.EGRESS_DENIED


@pytest.mark.parametrize(
    ("scope", "host"), [("127.0.0.1:8080", "127.0.0.1"), ("[::1]:8080", "::1"), ("[::1]:8080", "[::1]")]
)
async def test_a_literal_address_of_the_scopes_is_let_through_at_its_port(scope: str, host: str) -> None:
    egress = scoped(scope)

    assert await egress.addresses(host, 8080) == (host.strip("[]"),)
    assert (await refusal(egress, host, 8081)).reason is Reason.EGRESS_DENIED


async def test_a_name_does_not_lead_to_the_literal_addresses_of_the_scopes() -> None:
    egress = scoped("127.0.0.1:80", "a.example:80", resolver=resolving("127.0.0.1"))

    assert (await refusal(egress, "a.example", 80)).reason is Reason.EGRESS_DENIED


async def test_localhost_is_let_through_where_the_scopes_name_it() -> None:
    egress = scoped("localhost:80", resolver=resolving("127.0.0.1", "::1"))

    assert await egress.addresses("localhost", 80) == ("127.0.0.1", "::1")


@pytest.mark.parametrize(
    ("scope", "resolved"),
    [("a.example:80", ("127.0.0.1",)), ("localhost:81", ("127.0.0.1",)), ("localhost:80", ("127.0.0.1", "10.0.0.1"))],
)
async def test_localhost_is_denied_otherwise(scope: str, resolved: tuple[str, ...]) -> None:
    egress = scoped(scope, resolver=resolving(*resolved))

    assert (await refusal(egress, "localhost", 80)).reason is Reason.EGRESS_DENIED


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.1.", "1.2.3.4.5"])
async def test_an_unusual_spelling_is_denied_before_anything_is_resolved(host: str) -> None:
    error = await refusal(Egress(resolver=resolving("8.8.8.8")), host)

    assert error.reason is Reason.EGRESS_DENIED
    assert "unusual spelling" in error.message


@given(st.lists(_PUBLIC | _ADDRESSES, min_size=1, max_size=5, unique=True))
def test_a_name_is_let_through_exactly_if_none_of_its_addresses_is_special(
    addresses: list[IPv4Address | IPv6Address],
) -> None:
    egress = Egress(resolver=resolving(*map(str, addresses)))
    is_special = any(special_kind(form) is not None for address in addresses for form in forms(address))

    if is_special:
        assert asyncio.run(refusal(egress, "a.example")).reason is Reason.EGRESS_DENIED
    else:
        assert asyncio.run(egress.addresses("a.example", 443)) == tuple(map(str, addresses))
