"""Forwarded headers: only what trusted proxies have written counts."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import Peer
from router.config.front import ForwardedHeaders
from router.ingress.forwarded import Hop, forwarded, x_forwarded
from router.ingress.peers import Proxies

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
PROXY = Peer("10.0.0.9")


def sender(headers: Mapping[str, Sequence[str]], kind: ForwardedHeaders, peer: Peer = PROXY) -> Peer:
    return Proxies(TRUSTED, kind).sender(peer, lambda name: headers.get(name, ()))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, PROXY),
        ({"x-forwarded-for": ["203.0.113.5"]}, Peer("203.0.113.5")),
        ({"x-forwarded-for": ["198.51.100.1, 203.0.113.5"]}, Peer("203.0.113.5")),
        ({"x-forwarded-for": ["198.51.100.1", "203.0.113.5, 10.1.1.1"]}, Peer("203.0.113.5")),
        ({"x-forwarded-for": ["10.1.1.1"]}, Peer("10.1.1.1")),
        ({"x-forwarded-for": ["203.0.113.5, junk, 10.1.1.1"]}, Peer("10.1.1.1")),
        ({"x-forwarded-for": ["::ffff:203.0.113.5"]}, Peer("203.0.113.5")),
        ({"x-forwarded-for": ["203.0.113.5:4711"]}, Peer("203.0.113.5")),
        (
            {"x-forwarded-for": ["203.0.113.5"], "x-forwarded-proto": ["https"], "x-forwarded-host": ["a.example"]},
            Peer("203.0.113.5", "https", "a.example"),
        ),
        (
            {"x-forwarded-for": ["1.1.1.1, 203.0.113.5"], "x-forwarded-host": ["evil.example, a.example"]},
            Peer("203.0.113.5", "http", "a.example"),
        ),
        ({"x-forwarded-for": ["203.0.113.5"], "x-forwarded-proto": ["gopher"]}, Peer("203.0.113.5")),
        ({"x-forwarded-for": ["203.0.113.5"], "x-forwarded-host": ["a/b"]}, Peer("203.0.113.5")),
        ({"forwarded": ["for=203.0.113.5"]}, PROXY),
    ],
)
def test_the_sender_is_the_last_address_before_the_trusted_proxies(
    headers: Mapping[str, Sequence[str]], expected: Peer
) -> None:
    assert sender(headers, ForwardedHeaders.X_FORWARDED) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("for=203.0.113.5", Peer("203.0.113.5")),
        ('for="[2001:DB9::1]:4711";proto=HTTPS;host=a.example', Peer("2001:db9::1", "https", "a.example")),
        ("for=198.51.100.1, for=203.0.113.5;by=10.0.0.1 ,for=10.2.2.2", Peer("203.0.113.5")),
        ("For=203.0.113.5;PROTO=https", Peer("203.0.113.5", "https")),
        ("for=unknown", PROXY),
        ("for=_hidden, for=10.2.2.2", Peer("10.2.2.2")),
        ("for=203.0.113.5;for=198.51.100.1", PROXY),
        ("for=203.0.113.5 host=x", PROXY),
        ('for="203.0.113.5', PROXY),
        ("", PROXY),
    ],
)
def test_forwarded_is_read_as_its_rfc_has_it(value: str, expected: Peer) -> None:
    assert sender({"forwarded": [value]}, ForwardedHeaders.FORWARDED) == expected


@pytest.mark.parametrize("kind", ForwardedHeaders)
def test_a_stranger_is_not_believed(kind: ForwardedHeaders) -> None:
    stranger = Peer("203.0.113.66", "http")
    headers = {"x-forwarded-for": ["10.0.0.1"], "x-forwarded-proto": ["https"], "forwarded": ["for=10.0.0.1"]}

    assert sender(headers, kind, stranger) == stranger


TEXTS = st.lists(st.text(max_size=40) | st.from_regex(r'for="?[0-9.:\[\]]{1,20}"?[;,]?.*'), max_size=3)


@given(TEXTS, TEXTS, TEXTS)
def test_any_text_is_read(first: list[str], second: list[str], third: list[str]) -> None:
    hops = [*forwarded(first), *x_forwarded(first, second, third)]

    assert all(isinstance(hop, Hop) for hop in hops)


@given(st.lists(st.from_regex(r"[ -+\--~]{0,30}", fullmatch=True), max_size=4))
def test_what_a_sender_writes_before_the_proxy_changes_nothing(forged: list[str]) -> None:
    values = [*forged, "203.0.113.5"]

    found = sender({"x-forwarded-for": values}, ForwardedHeaders.X_FORWARDED)

    assert found.address == "203.0.113.5"
