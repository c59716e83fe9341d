"""Twilio: the URL, the form, the body's digest, and what its requests are called."""

import base64
import hashlib
import hmac
from urllib.parse import urlencode

import pytest
from pydantic import ValidationError

from router.api import ConnectorError, Reason, Record, Request, Sending
from router.testing.received import records_of
from sources.webhook.receiver import WebhookReceiver
from tests.unit.sources.webhook.refusals import VECTORS, headers_of, refusal
from tests.unit.sources.webhook.senders import FORM, JSON, TWILIO, arrived, replaced, with_parts
from tests.unit.sources.webhook.signing import NOW, PLAIN_SECRET, receiver

URL = "https://hooks.example.com/hooks"
FORMS = ["twilio-sha1", "twilio-sha1-host", "twilio-sha1-duplicates"]


def form(url: str = URL, *, signed: str | None = None, token: str | None = "t-1", **fields: str) -> Request:
    """A form that arrives under one URL, and is signed for another if that is given."""
    text = (signed or url) + "".join(name + value for name, value in sorted(fields.items()))
    signature = base64.b64encode(hmac.digest(PLAIN_SECRET.encode(), text.encode(), "sha1")).decode()
    headers = [("content-type", FORM), ("x-twilio-signature", signature)]
    if token is not None:
        headers.append(("i-twilio-idempotency-token", token))
    return arrived(url, tuple(headers), urlencode(fields).encode())


def one(received: Request, endpoint: WebhookReceiver = TWILIO.endpoint) -> Record:
    (record,) = records_of(endpoint, received)
    return record


@pytest.mark.parametrize("name", [*FORMS, "twilio-sha1-json"])
def test_a_published_vector_is_accepted_and_any_other_body_or_url_refused(name: str) -> None:
    vector = VECTORS[name]
    endpoint = receiver({"scheme": "twilio"}, [vector["secret"]])
    body = vector["body"].encode()
    received = arrived(vector["url"], headers_of(vector), body)

    assert one(received, endpoint).data == body
    others = [
        with_parts(received, body=body[:-1]),
        with_parts(received, body=body + b"&a=b"),
        arrived(vector["url"].replace("foo=1", "foo=2"), headers_of(vector), body),
        arrived(vector["url"].replace("https", "http"), headers_of(vector), body),
        arrived(vector["url"].lower().replace("my", "your"), headers_of(vector), body),
    ]
    for other in others:
        assert refusal(endpoint, other) is Reason.SIGNATURE_MISMATCH


def test_a_changed_body_with_the_digest_and_signature_of_the_good_one_is_refused() -> None:
    good = TWILIO.request()

    assert refusal(TWILIO.endpoint, with_parts(good, body=b'{"id": "forged"}')) is Reason.SIGNATURE_MISMATCH


def test_a_changed_body_with_its_own_digest_and_the_signature_of_the_good_one_is_refused() -> None:
    forged = b'{"id": "forged"}'
    url = f"{URL}?bodySHA256={hashlib.sha256(forged).hexdigest()}"

    assert refusal(TWILIO.endpoint, arrived(url, TWILIO.request().headers[1:], forged)) is Reason.SIGNATURE_MISMATCH


@pytest.mark.parametrize("query", ["", "?bodySHA256=", "?bodySHA256={0}&bodySHA256={0}", "?bodySHA256={1}"])
def test_a_body_that_is_no_form_needs_its_digest_once_in_lower_case(query: str) -> None:
    body = b"{}"
    digest = hashlib.sha256(body).hexdigest()
    url = URL + query.format(digest, digest.upper())
    signature = base64.b64encode(hmac.digest(PLAIN_SECRET.encode(), url.encode(), "sha1")).decode()

    received = arrived(url, (("content-type", JSON), ("x-twilio-signature", signature)), body)

    assert refusal(TWILIO.endpoint, received) is Reason.SIGNATURE_MISMATCH


def test_a_form_with_a_digest_in_the_url_is_checked_as_a_form() -> None:
    """Else what a text message says could be made into a digest."""
    url = f"{URL}?bodySHA256={hashlib.sha256(b'a=1').hexdigest()}"
    signature = base64.b64encode(hmac.digest(PLAIN_SECRET.encode(), url.encode(), "sha1")).decode()

    received = arrived(url, (("content-type", FORM), ("x-twilio-signature", signature)), b"a=1")

    assert refusal(TWILIO.endpoint, received) is Reason.SIGNATURE_MISMATCH


@pytest.mark.parametrize(
    ("arrives", "signed"),
    [
        ("https://a.example/hooks", "https://a.example:443/hooks"),
        ("https://a.example:443/hooks", "https://a.example/hooks"),
        ("http://a.example/hooks?a=b", "http://a.example:80/hooks?a=b"),
        ("https://a.example:8443/hooks", "https://a.example/hooks"),
        ("https://[2001:db8::1]/hooks", "https://[2001:db8::1]:443/hooks"),
    ],
)
def test_the_url_is_tried_with_its_port_and_without(arrives: str, signed: str) -> None:
    assert one(form(arrives, signed=signed, Digits="1"))
    assert (
        refusal(TWILIO.endpoint, form(arrives, signed=signed.replace("/hooks", "/other"))) is Reason.SIGNATURE_MISMATCH
    )


def test_behind_a_proxy_the_configured_url_counts_with_the_query_that_arrives() -> None:
    endpoint = receiver({"scheme": "twilio", "url": "https://public.example/sms"}, [PLAIN_SECRET])
    arrives = "http://10.0.0.1:8080/hooks?a=b"

    assert one(form(arrives, signed="https://public.example/sms?a=b", Body="hi"), endpoint)
    assert refusal(endpoint, form(arrives, Body="hi")) is Reason.SIGNATURE_MISMATCH


@pytest.mark.parametrize(
    "url",
    [
        "",
        "public.example/sms",
        "ftp://a.example/",
        "https://",
        "https://a/?b",
        "https://a/#b",
        "https://[x",
        "https://a:x/",
    ],
)
def test_a_url_that_twilio_could_not_have_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValidationError):
        receiver({"scheme": "twilio", "url": url}, [PLAIN_SECRET])


@pytest.mark.parametrize("body", [b"%", b"%zz=%", b"&&==&", b"\xff=\xfe", b"a=%ff&a", b"=" * 10_000])
def test_any_form_is_joined_byte_by_byte_or_refused(body: bytes) -> None:
    headers = (("content-type", FORM), ("x-twilio-signature", "A" * 27 + "="))

    assert refusal(TWILIO.endpoint, arrived(URL, headers, body)) in (
        Reason.SIGNATURE_MISMATCH,
        Reason.SIGNATURE_MALFORMED,
    )


def test_a_request_is_named_by_its_token_state_and_message() -> None:
    record = one(form(MessageSid="SM1", MessageStatus="delivered", SmsStatus="delivered"))

    assert (record.id, record.type, record.subject) == ("t-1", "message.delivered", "SM1")


@pytest.mark.parametrize(
    ("fields", "id_", "type_", "subject"),
    [
        ({"MessageSid": "SM1", "MessageStatus": "sent"}, "SM1.sent", "message.sent", "SM1"),
        ({"MessageSid": "SM1", "SmsStatus": "received"}, "SM1.received", "message.received", "SM1"),
        ({"CallSid": "CA1", "CallStatus": "ringing", "SequenceNumber": "1"}, "CA1.ringing.1", "call.ringing", "CA1"),
    ],
)
def test_without_a_token_the_state_of_a_message_or_call_is_the_event(
    fields: dict[str, str], id_: str, type_: str, subject: str
) -> None:
    record = one(form(token=None, **fields))

    assert (record.id, record.type, record.subject) == (id_, type_, subject)


def test_without_a_token_and_a_number_what_is_said_during_a_call_is_told_apart_by_the_body() -> None:
    one_digit = one(form(token=None, CallSid="CA1", CallStatus="in-progress", Digits="1"))
    another = one(form(token=None, CallSid="CA1", CallStatus="in-progress", Digits="2"))

    assert one_digit.id != another.id
    assert one_digit.subject == another.subject == "CA1"


def test_what_is_no_form_can_be_signed_only_with_its_digest_in_the_url() -> None:
    sending = Sending(URL, b"{}", "t-1", "x", JSON, NOW)

    with pytest.raises(ConnectorError) as raised:
        TWILIO.config().verify.sign(sending)

    assert raised.value.reason is Reason.USAGE
    assert hashlib.sha256(b"{}").hexdigest() in (raised.value.fix or "")


def test_a_signature_is_base64_of_twenty_bytes() -> None:
    for text in ("A" * 28, "A" * 26 + "==", "A" * 44):
        received = replaced(form(Body="hi"), "x-twilio-signature", text)
        assert refusal(TWILIO.endpoint, received) is Reason.SIGNATURE_MALFORMED
