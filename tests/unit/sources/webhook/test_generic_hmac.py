"""The generic scheme: each setting does what it says, and what could not be checked is refused at the start."""

import base64
import hmac

import pytest
from pydantic import ValidationError

from router.api import ConnectorError, Reason, Request, Sending
from router.testing.received import records_of
from sources.webhook.receiver import WebhookReceiver
from tests.unit.sources.webhook.refusals import refusal
from tests.unit.sources.webhook.senders import GENERIC, SignedBy, arrived, replaced
from tests.unit.sources.webhook.signing import BODY, NOW, PLAIN_SECRET, receiver, request

KEY = b"sixteen bytes \xff\xfe\xfb"
URL = "https://hooks.example.com/hooks?a=b"


def generic(secret: str = PLAIN_SECRET, /, **settings: object) -> WebhookReceiver:
    return receiver({"scheme": "hmac", "header": "x-sign", **settings}, [secret])


def digest(signed: bytes = BODY, key: bytes = PLAIN_SECRET.encode(), algorithm: str = "sha256") -> bytes:
    return hmac.digest(key, signed, algorithm)


def sent(signature: str, *headers: tuple[str, str], body: bytes = BODY) -> Request:
    return arrived(URL, (("x-sign", signature), *headers), body)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_each_algorithm_is_what_is_asked_for_and_no_other(algorithm: str) -> None:
    endpoint = generic(algorithm=algorithm)

    assert records_of(endpoint, sent(digest(algorithm=algorithm).hex()))
    for other in {"sha1", "sha256", "sha384", "sha512"} - {algorithm}:
        assert refusal(endpoint, sent(digest(algorithm=other).hex())) is Reason.SIGNATURE_MALFORMED


@pytest.mark.parametrize(
    ("encoding", "body"), [(name, body) for name in ("base64", "base64url", "base64url_unpadded") for body in range(20)]
)
def test_each_encoding_has_one_spelling(encoding: str, body: int) -> None:
    endpoint, payload = generic(encoding=encoding), b"%d" % body
    raw = digest(payload)
    spellings = {
        "base64": base64.b64encode(raw).decode(),
        "base64url": base64.urlsafe_b64encode(raw).decode(),
        "base64url_unpadded": base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "hex": raw.hex(),
    }

    assert records_of(endpoint, sent(spellings[encoding], body=payload))
    for text in {*spellings.values(), base64.b64encode(raw).decode().rstrip("=")} - {spellings[encoding]}:
        assert refusal(endpoint, sent(text, body=payload)) is Reason.SIGNATURE_MALFORMED


@pytest.mark.parametrize(
    ("encoding", "secret"), [("hex", KEY.hex()), ("hex", KEY.hex().upper()), ("base64", base64.b64encode(KEY).decode())]
)
def test_a_key_may_be_written_as(encoding: str, secret: str) -> None:
    assert records_of(generic(secret, secret_encoding=encoding), sent(digest(key=KEY).hex()))


@pytest.mark.parametrize(
    ("encoding", "secret"),
    [
        ("text", "fifteen letters"),
        ("hex", KEY.hex()[:-4]),
        ("hex", KEY.hex()[:-1]),
        ("hex", "sixteen letters and more, but no hex"),
        ("base64", base64.b64encode(KEY[:-2]).decode()),
        ("base64", base64.b64encode(KEY).decode() + "!"),
        ("base64", "\u65e5" * 32),
        ("hex", ""),
        ("base64", ""),
        ("text", ""),
    ],
)
def test_a_key_that_is_too_short_or_not_so_written_is_refused_at_the_start(encoding: str, secret: str) -> None:
    with pytest.raises(ConnectorError) as raised:
        generic(secret, secret_encoding=encoding)

    assert raised.value.reason is Reason.SECRET_UNUSABLE
    assert not secret or secret not in str(raised.value)


@pytest.mark.parametrize(
    ("settings", "signed"),
    [
        ({"signed": "{url}{body}"}, URL.encode() + BODY),
        ({"signed": "{method}\n{url}\n{body}"}, b"POST\n" + URL.encode() + b"\n" + BODY),
        ({"signed": "{header:x-kind}.{body}"}, b"made." + BODY),
        ({"signed": "{body}|{header:x-kind}"}, BODY + b"|made"),
        ({"id_header": "x-id"}, b"i-1." + BODY),
        ({"timestamp_header": "x-time"}, f"{NOW}.".encode() + BODY),
        ({"id_header": "x-id", "timestamp_header": "x-time"}, f"i-1.{NOW}.".encode() + BODY),
        ({"timestamp_header": "x-time", "signed": "{timestamp}{body}"}, f"{NOW}".encode() + BODY),
    ],
)
def test_a_template_is_filled_in_from_the_request(settings: dict[str, object], signed: bytes) -> None:
    endpoint = generic(**settings)
    headers = (("x-kind", "made"), ("x-id", "i-1"), ("x-time", str(NOW)))

    assert records_of(endpoint, sent(digest(signed).hex(), *headers))
    assert refusal(endpoint, sent(digest(signed + b" ").hex(), *headers)) is Reason.SIGNATURE_MISMATCH


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("a.b", Reason.SIGNATURE_MALFORMED),
        ("a\x01", Reason.SIGNATURE_MALFORMED),
        ("\xe9", Reason.SIGNATURE_MALFORMED),
        ("x" * 256, Reason.SIGNATURE_MALFORMED),
        ("", Reason.SIGNATURE_MISSING),
        ("other", Reason.SIGNATURE_MISMATCH),
    ],
)
def test_a_signed_header_cannot_take_bytes_from_the_body(value: str, reason: Reason) -> None:
    endpoint = generic(signed="{header:x-kind}.{body}")

    assert refusal(endpoint, sent(digest(b"made." + BODY).hex(), ("x-kind", value))) is reason


def test_bytes_that_were_signed_as_a_body_are_refused_as_a_header_and_a_body() -> None:
    endpoint = generic(signed="{header:x-kind}.{body}")
    signature = digest(b"made.a.b").hex()

    assert records_of(endpoint, sent(signature, ("x-kind", "made"), body=b"a.b"))
    assert refusal(endpoint, sent(signature, ("x-kind", "made.a"), body=b"b")) is Reason.SIGNATURE_MALFORMED


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"signed": "{timestamp}.{body}"}, "timestamp_header"),
        ({"signed": "{id}.{body}"}, "id_header"),
        ({"signed": "{body}", "timestamp_header": "x-time"}, "{timestamp} once"),
        ({"signed": "{body}", "id_header": "x-id"}, "{id} once"),
        ({"signed": "{body}{body}"}, "{body} once"),
        ({"signed": "v0:"}, "{body} once"),
        ({"signed": "{payload}"}, "{payload}"),
        ({"signed": "{header:X-Kind}.{body}"}, "{header:X-Kind}"),
        ({"signed": "{header:}.{body}"}, "{header:}"),
        ({"signed": "{}.{body}"}, "{}"),
        ({"signed": "{body"}, "brace"),
        ({"signed": "}{body}"}, "brace"),
        ({"signed": "{{body}}"}, "brace"),
        ({"signed": "{header:x-kind}{body}"}, "between"),
        ({"signed": "{body}{header:x-kind}"}, "between"),
        ({"signed": "{id}{body}", "id_header": "x-id"}, "between"),
        ({"algorithm": "md5"}, "sha1"),
        ({"encoding": "base32"}, "base64url"),
        ({"secret_encoding": "rot13"}, "hex"),
        ({"separator": "."}, "separator"),
        ({"separator": ""}, "separator"),
        ({"header": "X-Sign"}, "header"),
    ],
)
def test_a_configuration_that_could_not_be_checked_is_refused_with_the_cause(
    settings: dict[str, object], told: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        generic(**settings)

    assert told in str(raised.value)


def test_an_event_is_signed_with_the_headers_that_a_template_has() -> None:
    names = [name for name, _ in GENERIC.request().headers]

    assert names == ["host", "content-type", "x-time", "x-id", "x-sign"]


def test_where_other_headers_are_signed_only_the_sender_can() -> None:
    sender = SignedBy("", {"scheme": "hmac", "header": "x-sign", "signed": "{header:x-kind}.{body}"}, "x-sign")

    with pytest.raises(ConnectorError) as raised:
        sender.config().verify.sign(Sending(URL, BODY, "i", "t", "text/plain", NOW))

    assert raised.value.reason is Reason.USAGE


def test_other_signatures_of_a_list_are_passed_over() -> None:
    (signature,) = GENERIC.request().values("x-sign")

    for text in (f"v0=x,{signature}", f"{signature},v1=junk,v9=", f",,{signature}"):
        assert records_of(GENERIC.endpoint, replaced(GENERIC.request(), "x-sign", text))


def test_without_a_separator_a_list_is_no_signature() -> None:
    assert refusal(generic(), request([("x-sign", f"{digest().hex()},{digest().hex()}")])) is Reason.SIGNATURE_MALFORMED
