"""Handshakes are answered to those who may ask; to everybody else as if there were no endpoint."""

import hmac
import json

import pytest

from router.api import Reason
from tests.unit.sources.webhook.opening import (
    EMPTY,
    ONE,
    OTHER_SECRET,
    SECRET,
    SHORT,
    TWO,
    Headers,
    only,
    opened,
    reason,
    refuses_secret,
    refuses_settings,
    reply,
    sent,
)

META = opened({"scheme": "meta", "secrets": [ONE], "verify_token": TWO})
GRAPH = opened({"scheme": "microsoft_graph", "secrets": [ONE, TWO]})
ASKED = opened(
    {"scheme": "api_key", "secrets": [ONE], "header": "x-key"}, abuse_protection={"origins": ["eventgrid.azure.net"]}
)
TOKEN = OTHER_SECRET.replace(" ", "%20").replace(",", "%2C")
ORIGIN = ("webhook-request-origin", "eventgrid.azure.net")


def test_metas_challenge_is_echoed_to_who_knows_the_token() -> None:
    query = f"hub.mode=subscribe&hub.verify_token={TOKEN}&hub.challenge=1158201444"

    answer = reply(META, sent(method="GET", query=query, body=b""))

    assert (answer.status, answer.body) == (200, b"1158201444")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1",
        "hub.mode=subscribe&hub.verify_token=&hub.challenge=1",
        "hub.mode=subscribe&hub.challenge=1",
        f"hub.mode=unsubscribe&hub.verify_token={TOKEN}&hub.challenge=1",
        f"hub.mode=subscribe&hub.verify_token={TOKEN}",
        f"hub.mode=subscribe&hub.verify_token={TOKEN}&hub.challenge=<script>",
        f"hub.mode=subscribe&hub.verify_token={TOKEN}&hub.challenge={'1' * 256}",
        "hub.mode=subscribe&hub.verify_token=%ff\xff&hub.challenge=1",
    ],
)
def test_any_other_get_is_answered_as_where_there_is_no_endpoint(query: str) -> None:
    assert reason(META, sent(method="GET", query=query, body=b"")) is Reason.METHOD_NOT_ALLOWED


def test_the_challenge_does_not_replace_a_signature() -> None:
    query = f"hub.mode=subscribe&hub.verify_token={TOKEN}&hub.challenge=1"

    assert reason(META, sent(query=query)) is Reason.SIGNATURE_MISSING


def test_a_signed_event_of_meta_is_accepted() -> None:
    body = b'{"object": "page", "entry": [{"id": "7", "time": 1795000000, "changes": [{"field": "feed"}]}]}'
    signature = "sha256=" + hmac.digest(SECRET.encode(), body, "sha256").hex()

    record = only(META, sent((("x-hub-signature-256", signature),), body))

    assert (record.type, record.subject) == ("page.feed", "7")
    assert reason(META, sent((("x-hub-signature-256", signature),), body + b" ")) is Reason.SIGNATURE_MISMATCH


def test_a_verify_token_that_is_short_is_refused_at_the_start() -> None:
    for token in (SHORT, EMPTY):
        assert refuses_secret({"scheme": "meta", "secrets": [ONE], "verify_token": token})


def test_graphs_token_is_echoed_as_text() -> None:
    answer = reply(GRAPH, sent(body=b"", query="validationToken=Validation%3A+Testing%20%3Cb%3E"))

    assert (answer.status, answer.body) == (200, b"Validation: Testing <b>")
    assert dict(answer.headers)["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "query", ["", "validationToken=", "validationToken=1&validationToken=2", "validationToken=%0d%0a"]
)
def test_without_one_printable_token_there_is_no_handshake(query: str) -> None:
    assert reason(GRAPH, sent(body=b"", query=query)) is Reason.SIGNATURE_MISSING
    assert reason(GRAPH, sent(body=b"", query=query, method="GET")) is Reason.METHOD_NOT_ALLOWED


def notifications(*states: object) -> bytes:
    items = [
        {"subscriptionId": "s", "changeType": "updated", "resource": "r", "clientState": state} for state in states
    ]
    return json.dumps({"value": items}).encode()


def test_notifications_with_the_secret_are_accepted_and_no_record_has_it() -> None:
    record = only(GRAPH, sent(body=notifications(SECRET, OTHER_SECRET, SECRET), query="validationToken=1"))

    assert (record.type, record.subject) == ("updated", "r")
    assert SECRET not in repr(record)
    assert OTHER_SECRET not in repr(record)
    assert isinstance(record.data, bytes)
    assert json.loads(record.data) == json.loads(notifications("***", "***", "***"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", Reason.SIGNATURE_MISSING),
        (b"[]", Reason.SIGNATURE_MISSING),
        (b'{"value": []}', Reason.SIGNATURE_MISSING),
        (b'{"value": [1]}', Reason.SIGNATURE_MISSING),
        (notifications(None), Reason.SIGNATURE_MISSING),
        (notifications(SECRET, None), Reason.SIGNATURE_MISSING),
        (notifications(SECRET, "wrong"), Reason.SIGNATURE_MISMATCH),
        (notifications("wrong", SECRET), Reason.SIGNATURE_MISMATCH),
        (notifications("zoë"), Reason.SIGNATURE_MISMATCH),
        (notifications(SECRET).replace(b"correct", b"\\u0063orrect"), Reason.SIGNATURE_MALFORMED),
    ],
)
def test_notifications_without_the_secret_in_each_are_refused(body: bytes, expected: Reason) -> None:
    assert reason(GRAPH, sent(body=body)) is expected


def test_a_client_state_that_is_short_is_refused_at_the_start() -> None:
    for secret in (SHORT, EMPTY):
        assert refuses_secret({"scheme": "microsoft_graph", "secrets": [secret]})


@pytest.mark.parametrize("more", [(), (("webhook-request-rate", "120"),), (("webhook-request-rate", "*"),)])
def test_a_configured_origin_may_send(more: Headers) -> None:
    callback = ("webhook-request-callback", "https://internal.example/")

    answer = reply(ASKED, sent((ORIGIN, callback, *more), b"", method="OPTIONS"))

    assert answer.status == 200
    assert dict(answer.headers) == {
        "Allow": "POST",
        "WebHook-Allowed-Origin": "eventgrid.azure.net",
        "WebHook-Allowed-Rate": "*",
    }


def test_the_configured_rate_is_told() -> None:
    verify = {"scheme": "api_key", "secrets": [ONE], "header": "x-key"}
    receiver = opened(verify, abuse_protection={"origins": ["eventgrid.azure.net"], "rate": 100})

    assert ("WebHook-Allowed-Rate", "100") in reply(receiver, sent((ORIGIN,), b"", method="OPTIONS")).headers


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("webhook-request-origin", "evil.example"),),
        (("webhook-request-origin", "*"),),
        (("webhook-request-origin", "eventgrid.azure.net.evil.example"),),
        (ORIGIN, ORIGIN),
        (ORIGIN, ("webhook-request-rate", "0")),
        (ORIGIN, ("webhook-request-rate", "-1")),
        (ORIGIN, ("webhook-request-rate", "²")),
        (ORIGIN, ("webhook-request-rate", "1"), ("webhook-request-rate", "1")),
    ],
)
def test_any_other_question_is_answered_as_where_there_is_no_endpoint(headers: Headers) -> None:
    assert reason(ASKED, sent(headers, b"", method="OPTIONS")) is Reason.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("origin", ["*", "", "https://a.example", "a example", "a.example\r\nx: y"])
def test_what_is_no_origin_is_refused_as_a_setting(origin: str) -> None:
    verify = {"scheme": "api_key", "secrets": [ONE], "header": "x-key"}
    assert refuses_settings(verify, abuse_protection={"origins": [origin]})
