"""Secrets that are sent as they are: keys, names with passwords; and certificates of clients."""

import base64

import pytest

from router.api import Certificate, Peer, Reason
from tests.unit.sources.webhook.opening import (
    EMPTY,
    ONE,
    OTHER_SECRET,
    SECRET,
    SHORT,
    TWO,
    only,
    opened,
    reason,
    refuses_secret,
    refuses_settings,
    sent,
)

KEY = opened({"scheme": "api_key", "secrets": [ONE, TWO], "header": "x-key"})
TOKEN = opened({"scheme": "api_key", "secrets": [ONE], "header": "authorization", "prefix": "Bearer "})
QUERY = opened({"scheme": "api_key", "secrets": [ONE], "query": "code"})
BASIC = opened({"scheme": "basic", "secrets": [ONE, TWO], "username": "zoë"})
QUOTED = SECRET.replace(" ", "%20")


@pytest.mark.parametrize("secret", [SECRET, OTHER_SECRET])
def test_each_of_the_secrets_is_accepted_and_no_record_has_it(secret: str) -> None:
    record = only(KEY, sent((("x-key", secret), ("x-other", "1"))))

    assert dict(record.headers) == {"x-other": "1"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", Reason.SIGNATURE_MISSING),
        (SECRET[:-1], Reason.SIGNATURE_MISMATCH),
        (SECRET + " ", Reason.SIGNATURE_MISMATCH),
        (SECRET.upper(), Reason.SIGNATURE_MISMATCH),
        ("\xff\xfe", Reason.SIGNATURE_MISMATCH),
    ],
)
def test_any_other_key_is_refused(value: str, expected: Reason) -> None:
    assert reason(KEY, sent((("x-key", value),))) is expected


def test_a_key_that_is_missing_or_given_twice_is_refused() -> None:
    assert reason(KEY, sent()) is Reason.SIGNATURE_MISSING
    assert reason(KEY, sent((("x-key", SECRET), ("x-key", SECRET)))) is Reason.DUPLICATE_HEADER


def test_a_prefix_is_part_of_what_is_sent() -> None:
    assert only(TOKEN, sent((("authorization", f"Bearer {SECRET}"),))).headers == {}
    assert reason(TOKEN, sent((("authorization", SECRET),))) is Reason.SCHEME_NOT_ALLOWED


def test_a_key_in_the_query_is_accepted_once() -> None:
    assert SECRET not in repr(only(QUERY, sent(query=f"a=b&code={QUOTED}")))
    assert reason(QUERY, sent(query=f"code={QUOTED}&code={QUOTED}")) is Reason.SIGNATURE_MALFORMED
    assert reason(QUERY, sent(query="a=b")) is Reason.SIGNATURE_MISSING
    assert reason(QUERY, sent(query="code=")) is Reason.SIGNATURE_MISMATCH
    assert reason(QUERY, sent(query="code=%ff\xff")) is Reason.SIGNATURE_MISMATCH


@pytest.mark.parametrize(
    "more", [{}, {"header": "x-a", "query": "a"}, {"query": "a", "prefix": "Bearer "}, {"header": "X-A"}]
)
def test_a_key_has_exactly_one_place(more: dict[str, str]) -> None:
    assert refuses_settings({"scheme": "api_key", "secrets": [ONE], **more})


def credentials(name: str, password: str, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_name_and_each_of_the_passwords_are_accepted_in_utf_8(scheme: str) -> None:
    for password in (SECRET, OTHER_SECRET):
        assert only(BASIC, sent((("authorization", credentials("zoë", password, scheme)),))).headers == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", Reason.SIGNATURE_MISSING),
        (credentials("zoe", SECRET), Reason.SIGNATURE_MISMATCH),
        (credentials("zoë", SECRET[1:]), Reason.SIGNATURE_MISMATCH),
        (credentials("zoë", ""), Reason.SIGNATURE_MISMATCH),
        (credentials("zoë", SECRET, "Bearer"), Reason.SCHEME_NOT_ALLOWED),
        (credentials("zoë", SECRET) + "=", Reason.SIGNATURE_MALFORMED),
        (credentials("zoë", SECRET).rstrip("=") + " ", Reason.SIGNATURE_MALFORMED),
        ("Basic \xe9", Reason.SIGNATURE_MALFORMED),
        ("Basic", Reason.SIGNATURE_MISMATCH),
    ],
)
def test_any_other_credentials_are_refused(value: str, expected: Reason) -> None:
    assert reason(BASIC, sent((("authorization", value),))) is expected


def test_a_name_cannot_have_a_colon_which_would_move_into_the_password() -> None:
    assert refuses_settings({"scheme": "basic", "secrets": [ONE], "username": "a:b"})


@pytest.mark.parametrize("secret", [SHORT, EMPTY])
def test_short_and_empty_secrets_are_refused_at_the_start(secret: str) -> None:
    assert refuses_secret({"scheme": "api_key", "secrets": [secret], "header": "x-key"})
    assert refuses_secret({"scheme": "basic", "secrets": [secret], "username": "a"})


CERTIFICATE = Certificate("CN=shop,O=Example", ("DNS:shop.example", "URI:spiffe://example/shop"), "ab" * 32)


@pytest.mark.parametrize(
    "allowed",
    [
        {"subjects": ["CN=other", "CN=shop,O=Example"]},
        {"names": ["URI:spiffe://example/shop"]},
        {"fingerprints": ["ab" * 32]},
        {"subjects": ["CN=other"], "names": ["DNS:shop.example"]},
    ],
)
def test_a_certificate_that_is_on_one_of_the_lists_is_accepted(allowed: dict[str, list[str]]) -> None:
    receiver = opened({"scheme": "mtls", **allowed})

    assert only(receiver, sent(peer=Peer("192.0.2.1", "https", certificate=CERTIFICATE))).data == b"{}"


@pytest.mark.parametrize(
    "allowed",
    [{"subjects": ["CN=shop"]}, {"names": ["DNS:example"]}, {"names": ["shop.example"]}, {"fingerprints": ["cd" * 32]}],
)
def test_any_other_certificate_is_refused_and_so_is_none(allowed: dict[str, list[str]]) -> None:
    receiver = opened({"scheme": "mtls", **allowed})

    assert reason(receiver, sent(peer=Peer("", certificate=CERTIFICATE))) is Reason.SIGNATURE_MISMATCH
    assert reason(receiver, sent()) is Reason.SIGNATURE_MISSING


@pytest.mark.parametrize("allowed", [{}, {"subjects": []}, {"subjects": [""]}, {"fingerprints": ["AB" * 32]}])
def test_a_list_of_certificates_allows_somebody(allowed: dict[str, list[str]]) -> None:
    assert refuses_settings({"scheme": "mtls", **allowed})
