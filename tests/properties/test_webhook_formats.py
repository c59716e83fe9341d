"""Whatever is sent in a format stays as it is, or is refused."""

import json

from hypothesis import given
from hypothesis import strategies as st

from router.api import ConnectorError, ErrorClass, Items, Record, Reply
from sources.webhook.receiver import WebhookReceiver
from tests.unit.sources.webhook.signing import PLAIN_SECRET, github, receiver, request

GENERIC = {"scheme": "hmac", "header": "x-hub-signature-256", "prefix": "sha256="}
FORMATS = ("webhook", "cloudevents", "ndjson", "json_array")
EVENT = {"id": {"body": "id"}, "type": {"expression": "type"}, "subject": {"header": "ce-id"}}
ENDPOINTS = {
    name: receiver(GENERIC, [PLAIN_SECRET], format=name, **({} if name == "cloudevents" else {"event": EVENT}))
    for name in FORMATS
}
PLAIN_LIST = receiver(GENERIC, [PLAIN_SECRET], format="json_array", batch={"max_items": 50})
TYPES = ["application/cloudevents+json", "application/cloudevents-batch+json", "application/json", "text/x; charset=é"]
NAMES = ["content-type", "ce-specversion", "ce-id", "ce-type", "ce-source", "ce-time", "ce-any", "webhook-id"]
LATIN = st.text(st.characters(max_codepoint=255), max_size=30)
VALUES = st.sampled_from([*TYPES, "1.0", "2018-04-05T17:31:00Z", "%E2%82%AC", "%ff"]) | LATIN
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=8)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
"""No lone surrogate: that is no text, and is refused."""
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=20
)
ENCODED = st.builds(
    lambda value, ascii_only, indent: json.dumps(value, ensure_ascii=ascii_only, indent=indent),
    JSON,
    st.booleans(),
    st.sampled_from([None, 0, 3]),
)
SHAPED = st.lists(
    st.sampled_from(
        [b"[", b"]", b"{", b"}", b",", b":", b"\n", b'"id"', b'"specversion"', b'"1.0"', b'"data"', b"1e400"]
    )
    | st.binary(max_size=3),
    max_size=20,
).map(b"".join)


def outcome(endpoint: WebhookReceiver, body: bytes, *headers: tuple[str, str]) -> list[Record | ConnectorError]:
    received = endpoint.receive(request([*github(body), *headers], body))
    assert not isinstance(received, Reply)
    return list(received.items if isinstance(received, Items) else received)


@given(ENCODED, st.sampled_from(["", " ", "\n"]))
def test_any_json_in_a_structured_event_is_carried_byte_exact(text: str, space: str) -> None:
    data, edge = text.encode(), space.encode()
    body = b'{"specversion":"1.0","id":"1","source":"/s","type":"t","data":' + edge + data + edge + b"}"

    (record,) = outcome(ENDPOINTS["cloudevents"], body, ("content-type", TYPES[0]))

    assert isinstance(record, Record)
    assert record.data == data


@given(st.lists(st.integers() | TEXT | st.booleans(), max_size=50))
def test_any_element_of_an_array_is_carried_byte_exact(values: list[object]) -> None:
    elements = [json.dumps(value, ensure_ascii=False).encode() for value in values]

    records = outcome(PLAIN_LIST, b"[ " + b" ,\n".join(elements) + b"]")

    assert [record.data for record in records if isinstance(record, Record)] == elements


@given(st.sampled_from(FORMATS), HEADERS, SHAPED | st.binary(max_size=200))
def test_any_bytes_give_records_or_a_reason(name: str, headers: list[tuple[str, str]], body: bytes) -> None:
    try:
        found = outcome(ENDPOINTS[name], body, *headers)
    except ConnectorError as error:
        found = [error]
    for item in found:
        if isinstance(item, Record):
            assert isinstance(item.data, bytes | None)
            assert name == "cloudevents" or (item.data is not None and item.data in body)
        else:
            assert item.error_class is ErrorClass.INPUT_INVALID
