"""Lists of addresses apply before everything else, and show nothing to who is not on them."""

import pytest

from router.api import Peer, Reason
from tests.unit.sources.webhook.opening import ONE, SECRET, only, opened, reason, refuses_settings, sent

ALONE = {"scheme": "addresses"}
KEY = {"scheme": "api_key", "secrets": [ONE], "header": "x-key"}


@pytest.mark.parametrize(
    ("listed", "address"),
    [
        ("192.0.2.0/24", "192.0.2.0"),
        ("192.0.2.0/24", "192.0.2.255"),
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.0/24", "::ffff:192.0.2.9"),
        ("::ffff:192.0.2.0/120", "192.0.2.9"),
        ("2001:db8::/32", "2001:db8:ffff::1"),
        ("fe80::/10", "fe80::1%eth0"),
    ],
)
def test_an_address_on_the_list_is_accepted(listed: str, address: str) -> None:
    receiver = opened(ALONE, addresses=["203.0.113.1", listed])

    assert only(receiver, sent(peer=Peer(address))).data == b"{}"


@pytest.mark.parametrize(
    ("listed", "address"),
    [
        ("192.0.2.0/24", "192.0.1.255"),
        ("192.0.2.0/24", "192.0.3.0"),
        ("192.0.2.0/24", "::ffff:192.0.3.0"),
        ("192.0.2.0/24", "::192.0.2.1"),
        ("192.0.2.0/24", "2001:db8::1"),
        ("2001:db8::/32", "2001:db9::"),
        ("192.0.2.0/24", ""),
        ("192.0.2.0/24", "192.0.2.01"),
        ("192.0.2.0/24", "unknown"),
    ],
)
def test_any_other_address_is_refused(listed: str, address: str) -> None:
    receiver = opened(ALONE, addresses=[listed])

    assert reason(receiver, sent(peer=Peer(address))) is Reason.ADDRESS_NOT_ALLOWED


def test_the_list_applies_in_addition_to_a_scheme() -> None:
    receiver = opened(KEY, addresses=["192.0.2.1"])

    assert only(receiver, sent((("x-key", SECRET),))).data == b"{}"
    assert reason(receiver, sent()) is Reason.SIGNATURE_MISSING
    assert reason(receiver, sent((("x-key", SECRET),), peer=Peer("192.0.2.2"))) is Reason.ADDRESS_NOT_ALLOWED


def test_who_is_not_on_the_list_gets_no_handshake() -> None:
    verify = {"scheme": "microsoft_graph", "secrets": [ONE]}
    receiver = opened(verify, addresses=["192.0.2.1"], abuse_protection={"origins": ["a.example"]})
    elsewhere = Peer("192.0.2.2")

    asking = sent((("webhook-request-origin", "a.example"),), method="OPTIONS", peer=elsewhere)
    validating = sent(body=b"", query="validationToken=1", peer=elsewhere)

    assert reason(receiver, asking) is Reason.METHOD_NOT_ALLOWED
    assert reason(receiver, validating) is Reason.ADDRESS_NOT_ALLOWED


def test_the_scheme_without_a_list_is_refused() -> None:
    assert refuses_settings(ALONE)
    assert refuses_settings(ALONE, addresses=[])


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0", "::ffff:0:0/96", "192.0.2.1/24", "192.0.2.300", "a.example", ""])
def test_what_is_no_network_or_all_of_them_is_refused(text: str) -> None:
    assert refuses_settings(ALONE, addresses=[text])
