"""An event as a request: nothing of it is lost, and nothing of it can break out of its header."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import unquote
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import ConnectorError, Event, Reason
from sinks.http.message import body_of, headers_of, percent_encoded
from sinks.http.signing import Signer, message_id
from tests.unit.sinks.examples import NOW, SIGNING_SECRET, event, secret

SIGNER = Signer(secret(SIGNING_SECRET))


def headers(example: Event) -> dict[str, str]:
    return headers_of(example, body_of(example), SIGNER, 1_795_000_000.9)


def test_bytes_are_sent_as_they_are() -> None:
    assert body_of(event(1, data=b"\x00\xff {")) == b"\x00\xff {"


def test_the_headers_are_those_of_cloudevents_and_standard_webhooks() -> None:
    traceparent = f"00-{'a' * 32}-{'b' * 16}-01"

    sent = headers(event(1, traceparent=traceparent, dataschema="https://example.com/s"))

    assert sent.pop("webhook-signature").startswith("v1,")
    assert sent == {
        "content-type": "application/json",
        "webhook-id": message_id("/shop/orders#e1"),
        "webhook-timestamp": "1795000000",
        "idempotency-key": "/shop/orders#e1",
        "ce-specversion": "1.0",
        "ce-id": "e1",
        "ce-source": "/shop/orders",
        "ce-type": "order.paid",
        "ce-subject": "order-1",
        "ce-time": "2026-11-23T10:00:00.123456Z",
        "ce-dataschema": "https://example.com/s",
        "traceparent": traceparent,
    }


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_in_a_header_and_cannot_leave_it(text: str) -> None:
    encoded = percent_encoded(text)

    assert unquote(encoded) == text
    assert all("!" <= character <= "~" and character != '"' for character in encoded)


@given(st.builds(event, st.just(1), **{name: st.text() for name in ("id", "source", "type", "datacontenttype")}))
def test_no_attribute_adds_a_header(example: Event) -> None:
    for name, value in headers(example._replace(idempotency_key=percent_encoded(example.id))).items():
        assert f"{name}: {value}".isprintable()
        assert value.isascii()


@pytest.mark.parametrize("traceparent", ["x\r\ny: z", "", "00-zz", "00-" + "A" * 32 + "-" + "b" * 16 + "-01"])
def test_a_trace_context_of_another_form_is_left_out(traceparent: str) -> None:
    assert "traceparent" not in headers(event(1, traceparent=traceparent))


@pytest.mark.parametrize("content_type", [None, "", "text/\u00e4", "a\r\nb: c"])
def test_bytes_without_a_usable_content_type_are_octets(content_type: str | None) -> None:
    assert headers(event(1, datacontenttype=content_type))["content-type"] == "application/octet-stream"


def test_typed_data_is_json() -> None:
    typed = {
        "price": Decimal("12.50"),
        "raw": b"\x00\xff",
        "at": NOW,
        "day": date(2026, 11, 23),
        "id": UUID(int=1),
        "tags": ["a"],
        "none": None,
    }

    example = event(1, data=typed, datacontenttype=None)

    assert headers(example)["content-type"] == "application/json"
    assert orjson.loads(body_of(example)) == {
        "price": "12.50",
        "raw": "AP8=",
        "at": "2026-11-23T10:00:00.123456+00:00",
        "day": "2026-11-23",
        "id": "00000000-0000-0000-0000-000000000001",
        "tags": ["a"],
        "none": None,
    }


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(ConnectorError) as caught:
        body_of(event(1, data={"value": object()}))

    assert caught.value.reason is Reason.PAYLOAD_MALFORMED


def test_a_deletion_has_no_body_and_no_content_type() -> None:
    example = event(1, data=None)

    assert body_of(example) == b""
    assert "content-type" not in headers(example)


def test_a_time_is_given_in_utc() -> None:
    time = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))

    assert headers(event(1, time=time))["ce-time"] == "2026-01-01T00:00:00Z"
