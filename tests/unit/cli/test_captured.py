"""A captured request is read byte by byte, in each of the forms that people have it in."""

import base64
import json

import pytest

from router.api import ConnectorError, Reason
from router.cli.captured import parse

BODY = b'{"a": "\r\n\r\n"}\n'


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_request_as_on_the_wire_keeps_its_body(end: bytes) -> None:
    content = end.join([b"POST /hooks?a=1 HTTP/1.1", b"Host: x", b"X-Sign:  abc ", b"", BODY])

    request = parse(content).request(12.0)

    assert (request.method, request.path, request.query) == ("POST", "/hooks", "a=1")
    assert request.headers == (("host", "x"), ("x-sign", "abc"))
    assert request.body == BODY
    assert request.received_at == 12.0


@pytest.mark.parametrize(
    "told",
    [
        {"headers": {"X-Sign": "abc"}, "body_base64": base64.b64encode(BODY).decode()},
        {"headers": [["X-Sign", "abc"]], "body": BODY.decode()},
    ],
)
def test_a_request_as_json_keeps_its_body(told: dict[str, object]) -> None:
    request = parse(json.dumps({"url": "https://h/hooks?a=1", **told}).encode()).request(0)

    assert request.url == "https://h/hooks?a=1"
    assert request.values("x-sign") == ("abc",)
    assert request.body == BODY


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"hello", b"POST /\r\n\r\n", b"POST / HTTP/1.1\r\nno colon\r\n\r\n", b"{}", b"[1]", b"{" * 99],
)
def test_what_is_no_request_is_refused_with_the_forms(content: bytes) -> None:
    with pytest.raises(ConnectorError) as raised:
        parse(content)

    assert raised.value.reason is Reason.USAGE
    assert "JSON" in str(raised.value)
