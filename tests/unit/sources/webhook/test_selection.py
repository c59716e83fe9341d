"""An attribute may stand in a header, in JSON, in a form, or be computed; nothing that arrives breaks the search."""

import json
from urllib.parse import urlencode

import pytest
from pydantic import ValidationError

from router.api import ConnectorError, ErrorClass, Reason, Record
from router.testing.received import records_of
from tests.unit.sources.webhook.senders import FORM, JSON, arrived
from tests.unit.sources.webhook.signing import PLAIN_SECRET, github, receiver

URL = "https://hooks.example.com/hooks?kind=made&kind=sold&shop=s%C3%A9&x=%ff"
DEEP = b'{"id":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def subject(selector: dict[str, str], body: bytes, content_type: str = JSON, *headers: tuple[str, str]) -> str | None:
    return record({"subject": selector}, body, content_type, *headers).subject


def record(
    event: dict[str, dict[str, str]], body: bytes, content_type: str = JSON, *headers: tuple[str, str]
) -> Record:
    verify = {"scheme": "hmac", "header": "x-hub-signature-256", "prefix": "sha256="}
    endpoint = receiver(verify, [PLAIN_SECRET], event=event)
    (one,) = records_of(endpoint, arrived(URL, (("content-type", content_type), *github(body), *headers), body))
    return one


def test_a_field_of_a_form_is_decoded() -> None:
    body = urlencode({"CallSid": "CA 1+é", "Empty": ""}).encode()

    assert subject({"form": "CallSid"}, body, FORM) == "CA 1+é"
    assert subject({"form": "CallSid"}, body, f"{FORM.upper()}; charset=utf-8") == "CA 1+é"
    assert subject({"form": "Empty"}, body, FORM) is None
    assert subject({"form": "Missing"}, body, FORM) is None
    assert subject({"form": "CallSid"}, body, JSON) is None


@pytest.mark.parametrize("body", [b"a=1&a=2", b"a=1&a=1", b"a=%ff", b"a=%00", b"a=%0a"])
def test_a_field_that_no_attribute_can_be_is_refused(body: bytes) -> None:
    with pytest.raises(ConnectorError) as raised:
        subject({"form": "a"}, body, FORM)

    assert raised.value.reason is Reason.PAYLOAD_MALFORMED


def test_json_in_the_payload_of_a_form_is_looked_into() -> None:
    body = urlencode({"payload": '{"id": 18446744073709551617}', "other": "x"}).encode()

    assert subject({"body": "id"}, body, FORM) == "18446744073709551617"


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("body.order.id", "7"),
        ("join('/', [body.shop, to_string(body.order.id)])", "eu/7"),
        ("body.lines[?paid] | [0].sku", "b"),
        ("body.big", "123456789012345678901234567890"),
        ("to_string(body.price)", "1.10"),
        ("body.price", "1.10"),
        ("body.paid", "true"),
        ('headers."x-kind"', "h"),
        ("query.shop", "sé"),
        ("query.kind[1]", "sold"),
        ("length(body.lines)", "2"),
        ("body.missing || headers.missing || 'none'", "none"),
        ("body.missing", None),
        ("body.lines", None),
        ("body", None),
        ("form.a", None),
        ("length(body.missing)", None),
        ("join('.', [body.missing, 'a'])", None),
        ("sum(body.lines)", None),
        ("abs(body.shop)", None),
    ],
)
def test_an_expression_finds(expression: str, found: str | None) -> None:
    body = (
        b'{"order":{"id":7},"shop":"eu","lines":[{"sku":"a","paid":false},{"sku":"b","paid":true}],'
        b'"big":123456789012345678901234567890,"price":1.10,"paid":true}'
    )

    assert subject({"expression": expression}, body, JSON, ("x-kind", "h")) == found


def test_an_expression_sees_a_form() -> None:
    body = b"a=1&b=2&b=3"

    assert subject({"expression": "form.a"}, body, FORM) == "1"
    assert subject({"expression": "form.b[1]"}, body, FORM) == "3"


@pytest.mark.parametrize("number", ["9007199254740993", "18446744073709551617", "1.0000000000000000001", "1e400"])
def test_two_numbers_that_are_the_same_float_are_two_ids(number: str) -> None:
    body = b'{"id": %s}' % number.encode()

    assert subject({"expression": "body.id"}, body) == number
    assert subject({"expression": "to_string(body.id)"}, body) == number


def test_numbers_of_five_thousand_digits_are_no_attribute() -> None:
    body = b'{"id": %s}' % (b"9" * 5_000)

    with pytest.raises(ConnectorError) as raised:
        subject({"expression": "body.id"}, body)

    assert raised.value.reason is Reason.PAYLOAD_MALFORMED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"{",
        b"NaN",
        b'{"id": NaN}',
        b'{"id": Infinity}',
        DEEP,
        DEEP[:50_000],
        b'"\\ud800"',
        b"\xef\xbb\xbf{}",
    ],
)
@pytest.mark.parametrize(
    "expression", ["body.id", "to_string(body)", "body.id == body.id", "body[] | length(@)", "keys(@)"]
)
def test_whatever_the_body_an_expression_finds_something_or_nothing(body: bytes, expression: str) -> None:
    assert carried({"expression": expression}, body)


def carried(selector: dict[str, str], body: bytes) -> bool:
    """Whether there is a record with the body, or else a reason that is the sender's fault."""
    try:
        return record({"subject": selector}, body).data == body
    except ConnectorError as error:
        return error.error_class is ErrorClass.INPUT_INVALID


@pytest.mark.parametrize("levels", [900, 1_000, 1_020])
def test_a_deep_document_is_looked_into_or_not_but_nothing_breaks(levels: int) -> None:
    body = b'{"id":' + b"[" * levels + b"]" * levels + b"}"

    for expression in ("to_string(body)", "body.id == body.id", "sort(body.id)", "body.id[] | [0]"):
        assert carried({"expression": expression}, body)


@pytest.mark.parametrize(
    "body", [DEEP, b"=" * 1_000, b"&" * 1_000, b"payload=" + b"[" * 100_000, b"payload=1&payload=2"]
)
def test_whatever_the_form_it_is_carried(body: bytes) -> None:
    assert record({"subject": {"expression": "body.id || form.a"}}, body, FORM).data == body


@pytest.mark.parametrize(
    "selector",
    [
        {},
        {"header": "x", "form": "y"},
        {"header": "authorization"},
        {"header": "x-gitlab-token"},
        {"body": "x", "expression": "y"},
        {"form": ""},
        {"expression": ""},
        {"expression": "body."},
        {"expression": "a b"},
        {"expression": "(" * 1_000},
        {"expression": "x" * 1_025},
        {"expression": "unknown("},
    ],
)
def test_a_selector_that_points_nowhere_is_refused_at_the_start(selector: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        record({"subject": selector}, b"{}")


def test_a_document_that_must_be_json_may_be_the_payload_of_a_form() -> None:
    body = urlencode({"payload": json.dumps({"id": "a"})}).encode()

    assert record({"id": {"body": "id"}}, body, FORM).id == "a"


@pytest.mark.parametrize("name", ["authorization", "cookie", "x-gitlab-token", "x-api-key"])
def test_no_expression_sees_a_credential(name: str) -> None:
    for expression in (f'headers."{name}"', "join(',', sort(values(headers)))", "to_string(headers)"):
        found = subject({"expression": expression}, b"{}", JSON, (name, "canary"))
        assert "canary" not in (found or "")
