"""Rows 64 and 65: schemas that nobody may decode with, and registries that misbehave."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from router.api import ConnectorError, Reason, Schema
from router.envelope.codec import Decoder, Encoder
from router.envelope.registry import Registry
from router.envelope.schema import admit, envelope_schema
from tests.unit.envelope.examples import encoded, envelope

Reply = tuple[int, dict[str, str], bytes]


def record(*kinds: Any, name: str = "Row") -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": f"f{at}", "type": kind} for at, kind in enumerate(kinds)],
    }


def nested(depth: int) -> Any:
    kind: Any = "long"
    for _ in range(depth):
        kind = {"type": "array", "items": kind}
    return kind


CYCLE = record(record(["null", "A"], name="B"), name="A")
PUSHED: dict[str, Any] = {
    "recursive": record(["null", "Row"]),
    "a cycle of two": CYCLE,
    "400 deep": record(nested(400)),
    "100,000 fields": record(*["long"] * 100_000),
    "10 MB": {**record("long"), "doc": "x" * 10_000_000},
    "a path as name": record("long", name="../../etc/passwd"),
    "quotes in the name": record("long", name='Row"; DROP'),
    "a newline in the name": record("long", name="Row\nX"),
    "a field's name with quotes": {"type": "record", "name": "R", "fields": [{"name": 'a"]', "type": "long"}]},
    "code as a field's name": {"type": "record", "name": "R", "fields": [{"name": "a;import os", "type": "long"}]},
    "code as a field's name in utf-8": {
        "type": "record",
        "name": "R",
        "fields": [{"name": "a\u037eb", "type": "long"}],
    },
    "a path as an enum's symbol's type": record({"type": "enum", "name": "a/b", "symbols": ["A"]}),
    "no fields": {"type": "record", "name": "R"},
    "an unknown type": record("../x"),
}


@pytest.mark.parametrize("pushed", PUSHED.values(), ids=PUSHED.keys())
def test_a_schema_that_is_pushed_is_refused(pushed: dict[str, Any]) -> None:
    """Row 64."""
    with pytest.raises(ConnectorError) as raised:
        admit(json.dumps(envelope_schema("attacks.v1", pushed)))

    assert raised.value.reason is Reason.SCHEMA_REJECTED
    assert len(raised.value.message) < 500


def test_a_schema_of_3000_levels_is_refused_as_text() -> None:
    """Row 64: deeper than it could be made here."""
    deep = '{"type": "array", "items": ' * 3_000 + '"long"' + "}" * 3_000
    text = json.dumps(envelope_schema("attacks.v1", record("long"))).replace('"long"', deep, 3)

    with pytest.raises(ConnectorError) as raised:
        admit(text)

    assert raised.value.reason is Reason.SCHEMA_REJECTED


def test_a_default_of_the_wrong_type_is_never_used() -> None:
    """Row 64: a reader fills in no defaults here, since each value is read with the schema that it was written with."""
    wrong = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "long", "default": {"x": []}}]}

    schema = admit(json.dumps(envelope_schema("attacks.v1", wrong)))
    value = encoded(Encoder(7, schema), envelope(data={"a": 1}))

    assert Decoder.of(schema).decode(value, b"k", 1).data == {"a": 1}


@contextmanager
def registry(answer: Callable[[str], Reply]) -> Iterator[tuple[str, list[str]]]:
    """A registry that answers each path so, its address, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, body = answer(self.path)
            self.send_response(status)
            for name, text in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  the name it has there

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name it has there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def schema(text: str) -> bytes:
    return json.dumps({"schema": text}).encode()


GOOD = schema(json.dumps(envelope_schema("attacks.v1", None)))
MISBEHAVIOUR: dict[str, tuple[Reply, Reason]] = {
    "HTML": ((200, {"Content-Type": "text/html"}, b"<html><body>Sign in</body></html>"), Reason.REGISTRY_UNAVAILABLE),
    "nothing": ((200, {}, b""), Reason.REGISTRY_UNAVAILABLE),
    "a list": ((200, {}, b"[]"), Reason.REGISTRY_UNAVAILABLE),
    "another object": ((200, {}, b"{}"), Reason.SCHEMA_REJECTED),
    "a schema that is no text": ((200, {}, b'{"schema": {"type": "long"}}'), Reason.REGISTRY_UNAVAILABLE),
    "a schema that is no schema": ((200, {}, schema("<html>")), Reason.SCHEMA_REJECTED),
    "a schema that is no envelope": ((200, {}, schema('"string"')), Reason.SCHEMA_REJECTED),
    "10 MB": ((200, {}, schema(" " * 10_000_000)), Reason.SCHEMA_REJECTED),
    "a recursive schema": ((200, {}, schema(json.dumps(envelope_schema("t", CYCLE)))), Reason.SCHEMA_REJECTED),
    "404": ((404, {}, b'{"error_code": 40403, "message": "Schema not found"}'), Reason.SCHEMA_UNKNOWN),
    "404 without a code": ((404, {}, b"not found"), Reason.SCHEMA_UNKNOWN),
    "500": ((500, {}, b"Traceback (most recent call last)"), Reason.REGISTRY_UNAVAILABLE),
    "401": ((401, {}, b"{}"), Reason.REGISTRY_UNAVAILABLE),
    "a redirect to the metadata": (
        (302, {"Location": "http://169.254.169.254/latest/"}, b""),
        Reason.REGISTRY_UNAVAILABLE,
    ),
}


@pytest.mark.parametrize(("reply", "reason"), MISBEHAVIOUR.values(), ids=MISBEHAVIOUR.keys())
def test_what_a_registry_should_not_answer_is_refused(reply: Reply, reason: Reason) -> None:
    """Rows 55 and 65."""
    with registry(lambda _path: reply) as (url, _), Registry(url) as client, pytest.raises(ConnectorError) as raised:
        asyncio.run(client.decoder(7))

    assert raised.value.reason is reason
    assert "Traceback" not in raised.value.message


def test_no_redirect_is_followed() -> None:
    """Row 65: another server that would answer is never asked."""
    with registry(lambda _path: (200, {}, GOOD)) as (other, asked):
        redirect: Reply = (307, {"Location": f"{other}/schemas/ids/7"}, b"")
        with registry(lambda _path: redirect) as (url, _), Registry(url) as client, pytest.raises(ConnectorError):
            asyncio.run(client.decoder(7))

    assert asked == []


def test_an_id_keeps_the_schema_that_it_was_first_seen_with() -> None:
    """Row 65: a registry that changes its mind about an id changes nothing."""
    replies = iter([GOOD, schema(json.dumps(envelope_schema("attacks.v1", record("long"))))])
    with registry(lambda _path: (200, {}, next(replies))) as (url, asked), Registry(url) as client:
        first, second = asyncio.run(client.decoder(7)), asyncio.run(client.decoder(7))

    assert first is second
    assert len(asked) == 1


def test_a_registry_that_is_away_is_told_apart_from_a_schema_that_is_unknown() -> None:
    with registry(lambda _path: (200, {}, GOOD)) as (url, _):
        pass
    with Registry(url) as client, pytest.raises(ConnectorError) as raised:
        asyncio.run(client.encoder("attacks.v1", Schema(record("long"))))

    assert raised.value.reason is Reason.REGISTRY_UNAVAILABLE
