"""CloudEvents are taken in each content mode as the specification has it, and their data stays as it was sent."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from router.api import ConnectorError, Reason, Record
from router.testing.received import records_of
from sources.webhook.receiver import WebhookReceiver
from tests.unit.sources.webhook.signing import PLAIN_SECRET, changed, github, receiver, request

GENERIC = {"scheme": "hmac", "header": "x-hub-signature-256", "prefix": "sha256="}
STRUCTURED = ("content-type", "application/cloudevents+json; charset=UTF-8")
REQUIRED = '"specversion":"1.0","type":"t","source":"/s","id":"1"'
BINARY = {"ce-specversion": "1.0", "ce-type": "com.example.someevent", "ce-id": "1234-1234-1234", "ce-source": "/my"}


def endpoint(**more: object) -> WebhookReceiver:
    return receiver(GENERIC, [PLAIN_SECRET], format="cloudevents", **more)


ENDPOINT = endpoint()


def sent(body: bytes, *headers: tuple[str, str]) -> Record:
    (record,) = records_of(ENDPOINT, request([*github(body), *headers], body))
    return record


def structured(members: str) -> Record:
    return sent(f"{{{members}}}".encode(), STRUCTURED)


def binary(attributes: dict[str, str], body: bytes = b"x") -> Record:
    headers = {**BINARY, **{f"ce-{name}": text for name, text in attributes.items()}}
    return sent(body, ("content-type", "application/json; charset=utf-8"), *headers.items())


def refusal(members: str) -> Reason:
    with pytest.raises(ConnectorError) as raised:
        structured(members)
    return raised.value.reason


def test_the_binary_example_of_the_specification_is_taken() -> None:
    body = b"{ application data }\xff\x00"

    record = binary({"time": "2018-04-05T03:56:24Z", "comexampleextension": "value"}, body)

    assert (record.id, record.type, record.data) == ("1234-1234-1234", "com.example.someevent", body)
    assert record.time == datetime(2018, 4, 5, 3, 56, 24, tzinfo=UTC)
    assert record.datacontenttype == "application/json; charset=utf-8"
    assert record.headers["ce-comexampleextension"] == "value"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € \U0001f600"),
        ('"a \\"quoted\\" text"', 'a "quoted" text'),
        ("%2541", "%41"),
        ("plain", "plain"),
        ('"50%25"', "50%"),
    ],
)
def test_a_header_is_unquoted_and_decoded_exactly_once(text: str, value: str) -> None:
    assert binary({"subject": text}).subject == value


@pytest.mark.parametrize("text", ["%C0%A0", "%ff", "%zz", "100%", "%0a", "%ED%A0%80", "\xe9", ""])
def test_a_header_that_is_not_encoded_is_refused(text: str) -> None:
    with pytest.raises(ConnectorError) as raised:
        binary({"subject": text})

    assert raised.value.reason is Reason.PAYLOAD_MALFORMED


@pytest.mark.parametrize("name", ["datacontenttype", "data", "data_base64", "my-ext"])
def test_a_header_that_is_no_attribute_is_refused(name: str) -> None:
    with pytest.raises(ConnectorError) as raised:
        binary({name: "a/b"})

    assert raised.value.reason is Reason.PAYLOAD_MALFORMED


def test_an_attribute_that_occurs_twice_is_refused() -> None:
    body = b"x"
    headers = [*github(body), *BINARY.items(), ("ce-id", "other")]

    with pytest.raises(ConnectorError) as raised:
        records_of(ENDPOINT, request(headers, body))

    assert raised.value.reason is Reason.DUPLICATE_HEADER


def test_the_structured_example_of_the_specification_is_taken() -> None:
    record = structured(
        '"specversion" : "1.0", "type" : "com.example.someevent", "source" : "/mycontext", "subject": null,'
        '"id" : "A234-1234-1234", "time" : "2018-04-05T17:31:00Z", "comexampleextension1" : "value",'
        '"comexampleothervalue" : 5, "datacontenttype" : "application/json", "unsetextension": null,'
        '"data" : { "appinfoA" : "abc",  "appinfoB" : 1.10, "appinfoC" : true }'
    )

    assert (record.id, record.type, record.subject) == ("A234-1234-1234", "com.example.someevent", None)
    assert record.data == b'{ "appinfoA" : "abc",  "appinfoB" : 1.10, "appinfoC" : true }'
    assert record.headers["ce-comexampleothervalue"] == "5"
    assert "ce-unsetextension" not in record.headers


@pytest.mark.parametrize(
    ("members", "data", "kind"),
    [
        ('"data_base64":"AP8="', b"\x00\xff", None),
        ('"datacontenttype":"application/xml","data":"<much wow=\\"xml\\"/>"', b'<much wow="xml"/>', "application/xml"),
        ('"data":"text"', b'"text"', "application/json"),
        ('"data":null', b"null", "application/json"),
        ('"data":1e400', b"1e400", "application/json"),
        (f'"data":{"9" * 5000}', b"9" * 5000, "application/json"),
        ('"data":{"a":1,"a":2}', b'{"a":1,"a":2}', "application/json"),
        ('"datacontenttype":"a/b+json","data":"\\u20ac"', b'"\\u20ac"', "a/b+json"),
        ('"subject":"s"', None, None),
    ],
)
def test_structured_data_is_what_was_sent(members: str, data: bytes | None, kind: str | None) -> None:
    record = structured(f"{REQUIRED},{members}")

    assert (record.data, record.datacontenttype) == (data, kind)


@pytest.mark.parametrize(
    "members",
    [
        '"specversion":"1.0","type":"t","source":"/s","id":""',
        '"specversion":"1.0","type":"t","id":"1"',
        '"specversion":"1.0","source":"/s","id":"1"',
        '"type":"t","source":"/s","id":"1"',
        '"specversion":"0.3","type":"t","source":"/s","id":"1"',
        '"specversion":1.0,"type":"t","source":"/s","id":"1"',
        '"specversion":"1.0","type":"t","source":"/s","id":1',
        '"specversion":"1.0","type":"t","source":"a b","id":"1"',
        f'{REQUIRED},"id":"2"',
        f'{REQUIRED},"\\u0069d":"2"',
        f'{REQUIRED},"time":"yesterday"',
        f'{REQUIRED},"time":"2018-04-05T17:31:00"',
        f'{REQUIRED},"time":"2018-13-05T17:31:00Z"',
        f'{REQUIRED},"time":"٢018-01-05T17:31:00Z"',
        f'{REQUIRED},"time":"0001-01-01T00:00:00+23:00"',
        f'{REQUIRED},"Upper":"x"',
        f'{REQUIRED},"with_line":"x"',
        f'{REQUIRED},"ext":1.5',
        f'{REQUIRED},"ext":2147483648',
        f'{REQUIRED},"ext":{"9" * 5000}',
        f'{REQUIRED},"ext":-0',
        f'{REQUIRED},"ext":{{}}',
        f'{REQUIRED},"ext":"\\u0000"',
        f'{REQUIRED},"ext":"\\ud800"',
        f'{REQUIRED},"dataschema":"relative"',
        f'{REQUIRED},"datacontenttype":"nothing"',
        f'{REQUIRED},"datacontenttype":"a/{"b" * 300}"',
        f'{REQUIRED},"data":1,"data_base64":"AA=="',
        f'{REQUIRED},"data_base64":"A"',
        f'{REQUIRED},"data_base64":"AB=="',
        f'{REQUIRED},"data_base64":5',
        f'{REQUIRED},"data":NaN',
        f'{REQUIRED},"data":"\\ud800"',
        f'{REQUIRED},"data":{"[" * 100_000}{"]" * 100_000}',
        f"{REQUIRED}," + ",".join(f'"a{number}":"x"' for number in range(101)),
    ],
)
def test_a_malformed_event_is_refused(members: str) -> None:
    assert refusal(members) in (Reason.PAYLOAD_MALFORMED, Reason.ID_MALFORMED)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"\xef\xbb\xbf{" + REQUIRED.encode() + b"}",
        b"{" + REQUIRED.encode() + b',"data":"\xff"}',
        f"{{{REQUIRED}}}".encode("utf-16"),
        b"{" + REQUIRED.encode() + b"} {}",
    ],
)
def test_a_body_that_is_no_json_object_in_utf8_is_refused(body: bytes) -> None:
    with pytest.raises(ConnectorError) as raised:
        sent(body, STRUCTURED)

    assert raised.value.reason is Reason.PAYLOAD_MALFORMED


def test_a_million_members_are_refused_or_carried_but_never_changed() -> None:
    data = "{" + ",".join(f'"k{number}":1' for number in range(1_000_000)) + "}"

    assert structured(f'{REQUIRED},"data":{data}').data == data.encode()
    assert refusal(f"{REQUIRED},{data[1:-1]}") is Reason.PAYLOAD_MALFORMED


def test_events_are_the_same_only_if_id_and_source_are() -> None:
    first = structured('"specversion":"1.0","type":"t","source":"/a","id":"1"')
    other_source = structured('"specversion":"1.0","type":"t","source":"/b","id":"1"')
    again = structured('"id":"1","source":"/a","type":"other","specversion":"1.0","data":5')

    assert first.id == other_source.id
    assert first.idempotency_key != other_source.idempotency_key
    assert first.idempotency_key == again.idempotency_key


def test_extensions_become_the_key_the_trace_and_what_rules_see() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    record = structured(f'{REQUIRED},"partitionkey":"p","traceparent":"{trace}","flag":true,"number":-7')

    assert (record.key, record.traceparent) == ("p", trace)
    assert {name: text for name, text in record.headers.items() if name.startswith("ce-")} == {
        "ce-source": "/s",
        "ce-flag": "true",
        "ce-number": "-7",
    }


def test_a_trace_that_is_none_is_not_gone_on_with() -> None:
    assert structured(f'{REQUIRED},"traceparent":"00-0-0-00"').traceparent is None


def test_a_header_cannot_pretend_to_be_an_attribute_of_a_structured_event() -> None:
    record = sent(f"{{{REQUIRED}}}".encode(), STRUCTURED, ("ce-role", "admin"), ("ce-id", "2"))

    assert record.id == "1"
    assert "ce-role" not in record.headers


@pytest.mark.parametrize(
    "kind",
    [
        "application/cloudevents+avro",
        "application/cloudevents+protobuf",
        "application/cloudevents",
        "application/cloudevents-batch+xml",
        "application/cloudevents+json; charset=utf-16",
        "application/json",
    ],
)
def test_an_unknown_content_mode_is_refused_with_415(kind: str) -> None:
    with pytest.raises(ConnectorError) as raised:
        sent(f"{{{REQUIRED}}}".encode(), ("content-type", kind))

    assert raised.value.reason is Reason.CONTENT_TYPE_UNSUPPORTED
    assert raised.value.spec.http_status == 415


def test_no_signature_enters_a_record() -> None:
    record = structured(REQUIRED)

    assert "x-hub-signature-256" not in record.headers


def test_an_event_that_is_not_signed_is_not_looked_into() -> None:
    body = b"not even JSON"

    with pytest.raises(ConnectorError) as raised:
        records_of(ENDPOINT, request([*changed(github(body), "x-hub-signature-256", "sha256=0"), STRUCTURED], body))

    assert raised.value.reason is Reason.SIGNATURE_MALFORMED


def test_places_of_attributes_make_no_sense_for_a_cloudevent() -> None:
    with pytest.raises(ValidationError):
        endpoint(event={"id": {"header": "x-id"}})
