"""Mailgun's requests carry their signature in the body, with numbers as they are written."""

import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from router.api import Reason
from tests.unit.sources.webhook.opening import (
    EMPTY,
    ONE,
    SECRET,
    SHORT,
    TWO,
    only,
    opened,
    reason,
    refuses_secret,
    sent,
)
from tests.unit.sources.webhook.signing import NOW

VERIFY = {"scheme": "mailgun", "secrets": [ONE]}
RECEIVER = opened(VERIFY)
TOKEN = "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
EVENT = {"id": "CPgfbmQMTCKtHW6uIWtuVe", "event": "delivered", "recipient": "alice@example.com", "timestamp": NOW + 0.5}


def signed(timestamp: object = str(NOW), token: str = TOKEN, secret: str = SECRET) -> dict[str, Any]:
    """As Mailgun's documentation says: the HMAC of the timestamp and the token with nothing between them."""
    digest = hmac.digest(secret.encode(), f"{timestamp}{token}".encode(), "sha256").hex()
    return {"timestamp": timestamp, "token": token, "signature": digest}


def body(signature: Any) -> bytes:
    return json.dumps({"signature": signature, "event-data": EVENT}).encode()


def test_a_signed_event_is_accepted_with_its_attributes() -> None:
    record = only(RECEIVER, sent(body=body(signed())))

    assert (record.id, record.type, record.subject) == (EVENT["id"], "delivered", "alice@example.com")
    assert record.time == datetime.fromtimestamp(NOW, UTC)


def test_a_token_counts_once_whatever_comes_with_it() -> None:
    """The event is not signed, so that who has seen one signature could send other events with it."""
    forged = json.dumps({"signature": signed(), "event-data": {**EVENT, "id": "forged"}}).encode()

    first, second = only(RECEIVER, sent(body=body(signed()))), only(RECEIVER, sent(body=forged))

    assert first.idempotency_key == second.idempotency_key == TOKEN


def test_a_timestamp_may_be_a_number_and_counts_as_it_is_written() -> None:
    assert only(RECEIVER, sent(body=body(signed(NOW)))).id == EVENT["id"]
    assert reason(RECEIVER, sent(body=body(signed(float(NOW))))) is Reason.TIMESTAMP_MALFORMED


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        (None, Reason.SIGNATURE_MISSING),
        ([], Reason.SIGNATURE_MISSING),
        ({}, Reason.SIGNATURE_MISSING),
        ({**signed(), "token": None}, Reason.SIGNATURE_MISSING),
        ({**signed(), "timestamp": None}, Reason.TIMESTAMP_MISSING),
        ({**signed(), "timestamp": "now"}, Reason.TIMESTAMP_MALFORMED),
        ({**signed(), "timestamp": f" {NOW}"}, Reason.TIMESTAMP_MALFORMED),
        ({**signed(), "signature": signed()["signature"].upper()}, Reason.SIGNATURE_MALFORMED),
        ({**signed(), "signature": "é" * 64}, Reason.SIGNATURE_MALFORMED),
        ({**signed(), "token": "t\u0131ken"}, Reason.SIGNATURE_MALFORMED),
        ({**signed(), "token": TOKEN[:-1]}, Reason.SIGNATURE_MISMATCH),
        (signed(secret="another one"), Reason.SIGNATURE_MISMATCH),
        (signed(NOW - 301), Reason.TIMESTAMP_OUT_OF_WINDOW),
        (signed(NOW + 301), Reason.TIMESTAMP_OUT_OF_WINDOW),
    ],
)
def test_a_wrong_signature_is_refused_with_its_reason(signature: Any, expected: Reason) -> None:
    assert reason(RECEIVER, sent(body=body(signature))) is expected


def test_a_digit_cannot_move_from_the_token_to_the_timestamp() -> None:
    moved = {**signed(token="1" + TOKEN), "timestamp": f"{NOW}1", "token": TOKEN}

    assert reason(RECEIVER, sent(body=body(moved))) is Reason.TIMESTAMP_OUT_OF_WINDOW


@pytest.mark.parametrize("offset", [-300, 300])
def test_exactly_the_tolerance_passes(offset: int) -> None:
    assert only(RECEIVER, sent(body=body(signed(NOW + offset)))).id == EVENT["id"]


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000, b'{"signature": NaN}'])
def test_what_is_no_object_has_no_signature(content: bytes) -> None:
    assert reason(RECEIVER, sent(body=content)) is Reason.SIGNATURE_MISSING


def test_any_of_the_secrets_signs_and_short_ones_are_refused_at_the_start() -> None:
    assert only(opened({"scheme": "mailgun", "secrets": [TWO, ONE]}), sent(body=body(signed()))).id == EVENT["id"]
    assert refuses_secret({"scheme": "mailgun", "secrets": [SHORT]})
    assert refuses_secret({"scheme": "mailgun", "secrets": [EMPTY]})


FORM = (("content-type", "application/x-www-form-urlencoded"),)


def test_a_message_that_a_route_forwards_is_a_form_and_its_token_counts_once() -> None:
    record = only(RECEIVER, sent(FORM, urlencode({"recipient": "a@example.com", **signed()}).encode()))

    assert (record.subject, record.idempotency_key) == ("a@example.com", TOKEN)


@pytest.mark.parametrize(
    "text", ["{}&{}", " {}&{}", "payload={}&{}", '{{"signature": {{"token": "x"}}, "a": "&{1}&"}}']
)
def test_no_other_token_can_be_put_beside_the_signed_one(text: str) -> None:
    other = '{"signature": {"token": "x"}}'

    record = only(RECEIVER, sent(FORM, text.format(other, urlencode(signed())).encode()))

    assert record.idempotency_key == TOKEN


def test_a_field_of_a_form_that_occurs_twice_proves_nothing() -> None:
    form = urlencode([*signed().items(), ("token", "other")]).encode()

    assert reason(RECEIVER, sent(FORM, form)) is Reason.SIGNATURE_MISSING
