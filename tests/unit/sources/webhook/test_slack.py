"""Slack: events, commands, what people click, and the verification of the URL."""

import hmac
import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from router.api import Reason, Record, Reply, Request
from router.testing.received import records_of
from tests.unit.sources.webhook.refusals import VECTORS, headers_of, refusal
from tests.unit.sources.webhook.senders import FORM, JSON, SLACK, replaced
from tests.unit.sources.webhook.signing import NOW, PLAIN_SECRET, receiver, request

EVENT = {
    "type": "event_callback",
    "team_id": "T1",
    "event_id": "Ev1",
    "event_time": 1_795_000_000,
    "event": {"type": "app_mention", "channel": "C1"},
}
CHALLENGE = {"type": "url_verification", "token": "t", "challenge": "3eZbrw1aBm2rZgRNFdxV"}


def signed(body: bytes, content_type: str = JSON, **headers: str) -> Request:
    signature = hmac.digest(PLAIN_SECRET.encode(), f"v0:{NOW}:".encode() + body, "sha256").hex()
    return request(
        [
            ("content-type", content_type),
            ("x-slack-request-timestamp", str(NOW)),
            ("x-slack-signature", f"v0={signature}"),
            *[(name.replace("_", "-"), value) for name, value in headers.items()],
        ],
        body,
    )


def received(body: bytes, content_type: str = JSON, **headers: str) -> Record:
    (record,) = records_of(SLACK.endpoint, signed(body, content_type, **headers))
    return record


def test_an_event_is_named_by_its_id_type_and_channel() -> None:
    record = received(json.dumps(EVENT).encode())

    assert (record.id, record.type, record.subject) == ("Ev1", "app_mention", "C1")
    assert record.time == datetime.fromtimestamp(1_795_000_000, UTC)


def test_a_repetition_is_the_same_event() -> None:
    body = json.dumps(EVENT).encode()

    again = received(body, x_slack_retry_num="1", x_slack_retry_reason="http_timeout")

    assert again.id == received(body).id


def test_the_published_command_is_named_by_its_trigger_command_and_channel() -> None:
    vector = VECTORS["slack-v0"]
    endpoint = receiver({"scheme": "slack"}, [vector["secret"]])
    headers = [*headers_of(vector), ("content-type", FORM)]

    (record,) = records_of(endpoint, request(headers, vector["body"].encode(), 1_531_420_618))

    assert (record.type, record.subject) == ("/webhook-collect", "G8PSS9T3V")
    assert record.id == "398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"


def test_what_people_click_is_looked_for_in_the_payload() -> None:
    payload = {"type": "block_actions", "trigger_id": "1.2.3", "channel": {"id": "C1"}, "team": {"id": "T1"}}
    body = urlencode({"payload": json.dumps(payload)}).encode()

    record = received(body, FORM)

    assert (record.id, record.type, record.subject, record.data) == ("1.2.3", "block_actions", "C1", body)


def test_the_challenge_of_a_signed_verification_is_echoed() -> None:
    answer = SLACK.endpoint.receive(signed(json.dumps(CHALLENGE).encode()))

    assert answer == Reply(200, b"3eZbrw1aBm2rZgRNFdxV", (("content-type", "text/plain; charset=utf-8"),))


def test_the_challenge_of_an_unsigned_verification_is_not_echoed() -> None:
    good = signed(json.dumps(CHALLENGE).encode())

    assert refusal(SLACK.endpoint, replaced(good, "x-slack-signature")) is Reason.SIGNATURE_MISSING
    assert refusal(SLACK.endpoint, replaced(good, "x-slack-signature", "v0=" + "0" * 64)) is Reason.SIGNATURE_MISMATCH


@pytest.mark.parametrize(
    "document",
    [
        {"type": "event_callback", "event": {"type": "message", "text": "url_verification", "challenge": "x"}},
        {"type": "url_verification"},
        {"type": "url_verification", "challenge": 1},
        {"type": "url_verification", "challenge": None},
        ["url_verification"],
        "url_verification",
    ],
)
def test_what_is_no_verification_is_an_event(document: object) -> None:
    assert received(json.dumps(document).encode())


def test_a_body_that_is_no_json_is_an_event_too() -> None:
    for body in (b"url_verification \xff", b"[" * 100_000 + b"url_verification"):
        assert received(body).data == body


def test_the_check_of_the_certificate_is_no_event() -> None:
    assert SLACK.endpoint.receive(signed(b"ssl_check=1&token=t", FORM)) == Reply()
    assert received(b"ssl_check=0&token=t", FORM).type == "webhook"
