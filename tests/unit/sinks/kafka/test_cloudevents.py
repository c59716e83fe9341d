"""The JSON of a CloudEvent."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest

from router.api import ConnectorError, Reason
from sinks.kafka.cloudevents import structured
from tests.unit.sinks.examples import event


def test_an_envelope_has_all_attributes_that_are_there() -> None:
    one = event(1, tenant="t1", traceparent="00-1", dataschema="https://example.com/s", data=b'{"amount": 1}')

    assert json.loads(structured(one)) == {
        "specversion": "1.0",
        "id": "e1",
        "source": "/shop/orders",
        "type": "order.paid",
        "subject": "order-1",
        "time": "2026-11-23T10:00:00.123456Z",
        "datacontenttype": "application/json",
        "dataschema": "https://example.com/s",
        "idempotencykey": "/shop/orders#e1",
        "tenant": "t1",
        "traceparent": "00-1",
        "data": {"amount": 1},
    }


def test_an_envelope_leaves_out_what_is_not_there() -> None:
    one = event(1, subject=None, time=None, datacontenttype=None, data=None)

    assert set(json.loads(structured(one))) == {"specversion", "id", "source", "type", "idempotencykey"}


@pytest.mark.parametrize("kind", ["application/json", "application/problem+json", "Application/JSON; charset=utf-8"])
def test_json_is_embedded_to_the_byte(kind: str) -> None:
    body = b'{"n": 123456789012345678901234567890, "f": 1.0e2, "n": 2}'

    assert b'"data":' + body + b"}" in structured(event(1, data=body, datacontenttype=kind))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\x00", "application/octet-stream"),
        (b'{"unclosed": ', "application/json"),
        (b'{"of": "no type"}', None),
        (b"", "application/json"),
        (b"{}", "application/jsonp"),
    ],
)
def test_what_is_no_json_is_in_base64(data: bytes, kind: str | None) -> None:
    read = json.loads(structured(event(1, data=data, datacontenttype=kind)))

    assert base64.b64decode(read["data_base64"]) == data
    assert "data" not in read


@pytest.mark.parametrize(
    ("value", "written"),
    [(Decimal("1.10"), "1.10"), (b"\xff", "/w=="), (float("nan"), None), ({"deep": [1]}, {"deep": [1]})],
)
def test_typed_values_become_json(value: Any, written: Any) -> None:
    assert json.loads(structured(event(1, data={"v": value})))["data"] == {"v": written}


def test_what_json_cannot_hold_is_malformed() -> None:
    with pytest.raises(ConnectorError) as caught:
        structured(event(1, data={"v": 2**64}))

    assert caught.value.reason is Reason.PAYLOAD_MALFORMED
