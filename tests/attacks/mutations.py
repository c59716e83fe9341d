"""Good requests made bad: cut, flipped, reordered, with other methods, versions, lengths, codings and bodies."""

import gzip
import zlib
from collections.abc import Callable, Sequence
from random import Random

from tests.attacks.http_cases import CASES
from tests.attacks.json_cases import JSON_TEXTS

Mutation = Callable[[Random, bytes], bytes]
METHODS = (b"GET", b"HEAD", b"OPTIONS", b"PUT", b"CONNECT", b"TRACE", b"post", b"P\xc3ST", b"", b"PRI", b"POST\x00")
VERSIONS = (
    b"HTTP/1.0",
    b"HTTP/1.1",
    b"HTTP/2.0",
    b"HTTP/0.9",
    b"HTTP/1.2",
    b"http/1.1",
    b"",
    b"HTTP/1.1 x",
    b"HTTP/\xff.1",
)
TARGETS = (
    b"*",
    b"/",
    b"//",
    b"/hooks",
    b"x:443",
    b"http://x/hooks/github",
    b"/hooks/%00",
    b"/hooks/github?",
    b"\xff",
    b"/a b",
)
NUMBERS = (
    b"0",
    b"1",
    b"-1",
    b"+2",
    b"2,2",
    b"0x10",
    b"1e3",
    b"99999999999999999999",
    b"1048577",
    b"",
    b" 2 ",
    b"\xb2",
    b"2\x00",
)
CODINGS = (b"chunked", b"CHUNKED", b"chunked, chunked", b"gzip, chunked", b"identity", b"xchunked", b"", b"chunked\x0b")
CONTENT = (b"gzip", b"deflate", b"br", b"gzip, gzip", b"identity", b"zstd", b"", b"GZIP", b"x-gzip", b"\xff")
TYPES = (
    *(b"application/json", b"application/cloudevents+json", b"application/cloudevents-batch+json", b"text/plain"),
    *(b"application/x-www-form-urlencoded", b"application/x-ndjson", b"application/json; charset=utf-16", b"", b";;=,"),
    *(
        b"multipart/form-data; boundary=x",
        b"application/json, text/plain",
        b"\xff/\xff",
        b"a" * 8_000,
        b'x/y; charset="',
    ),
)
NAMES = (
    *(b"Host", b"Connection", b"Expect", b"Upgrade", b"Cookie", b"Authorization", b"traceparent", b"Trailer", b"Range"),
    *(
        b"ce-id",
        b"ce-specversion",
        b"ce-source",
        b"ce-type",
        b"ce-time",
        b"ce-dataschema",
        b"Origin",
        b"X-Forwarded-For",
    ),
    *(
        b"Forwarded",
        b"webhook-id",
        b"webhook-signature",
        b"Stripe-Signature",
        b"X-Hub-Signature-256",
        b"x-type",
        b"x-time",
    ),
    *(
        b"WebHook-Request-Origin",
        b"Content-Type",
        b"Content-Encoding",
        b"X-Shopify-Webhook-Id",
        b"Idempotency-Key",
        b"A",
    ),
)
VALUES = (
    *(
        b"100-continue",
        b"close",
        b"keep-alive",
        b"websocket",
        b"1.0",
        b"%ff",
        b"%zz",
        b"\xff\xfe",
        b"'; --",
        b"\x00",
        b"",
    ),
    *(
        b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        b"00-" + b"f" * 200,
        b"2026-11-23T10:00:00Z",
        b"a" * 300,
    ),
    *(
        b"9999-12-31T23:59:60Z",
        b"0001-01-01T00:00:00+23:59",
        b"-1",
        b"99999999999999999999",
        b"\r",
        b" ",
        b"\t",
        b'"\\"',
        b"v1,",
    ),
    *(
        b"t=1,v1=" + b"0" * 64,
        b"sha256=" + b"0" * 64,
        b"eyJhbGciOiJub25lIn0.e30.",
        b"Bearer a.b.c",
        b"Basic Og==",
        b"a, b",
    ),
)
TEXTS = (
    *(one.text for one in JSON_TEXTS),
    *(one.data for one in CASES),
    bytes(range(256)),
    b"\n" * 2_000,
    b"&=%&&==+%f" * 20,
)


def mutated(random: Random, requests: Sequence[bytes]) -> bytes:
    """One of the requests after some mutations, or several of them on one connection."""
    data = random.choice(requests)
    for _ in range(random.randint(1, 4)):
        data = random.choice(MUTATIONS)(random, data)
    return data + random.choice(requests) if random.random() < 0.1 else data


def flip(random: Random, data: bytes) -> bytes:
    """Some bytes are others."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 3)):
        if changed:
            changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def cut(random: Random, data: bytes) -> bytes:
    """The rest does not come."""
    return data[: random.randint(0, len(data))]


def drop(random: Random, data: bytes) -> bytes:
    """A part in the middle is missing."""
    first, last = sorted((random.randint(0, len(data)), random.randint(0, len(data))))
    return data[:first] + data[last:]


def double(random: Random, data: bytes) -> bytes:
    """A part comes twice."""
    first = random.randint(0, len(data))
    part = data[first : first + random.randint(1, 60)]
    return data[:first] + part * random.randint(2, 4) + data[first + len(part) :]


def insert(random: Random, data: bytes) -> bytes:
    """Something is in between."""
    at = random.randint(0, len(data))
    what = random.choice(
        (b"\r\n", b"\n", b"\r", b"\x00", b" ", b":", b"\r\n\r\n", b"\xff", b"%00", b'"', b"{", b"[" * 999)
    )
    return data[:at] + what + data[at:]


def reorder(random: Random, data: bytes) -> bytes:
    """The lines of the head stand in another order."""
    head, end, body = data.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    random.shuffle(lines)
    return b"\r\n".join([first, *lines]) + end + body


def repeat_line(random: Random, data: bytes) -> bytes:
    """A line of the head comes again and again."""
    head, end, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    at = random.randrange(len(lines))
    return b"\r\n".join([*lines[:at], *[lines[at]] * random.choice((2, 3, 200)), *lines[at + 1 :]]) + end + body


def other_line(random: Random, data: bytes) -> bytes:
    """The request line is another one."""
    parts = data.split(b" ", 2)
    rest = parts[-1].partition(b"\r\n")[2]
    method = random.choice(METHODS) if random.random() < 0.5 else parts[0]
    target = random.choice(TARGETS) if random.random() < 0.5 else parts[min(1, len(parts) - 1)]
    return b" ".join([method, target, random.choice(VERSIONS)]) + b"\r\n" + rest


def add_field(random: Random, data: bytes) -> bytes:
    """A header field more."""
    name = random.choice(NAMES) if random.random() < 0.8 else random.randbytes(random.randint(0, 12))
    value = random.choice(VALUES) if random.random() < 0.8 else random.randbytes(random.randint(0, 60))
    return _with_field(data, name, value)


def other_value(random: Random, data: bytes) -> bytes:
    """A header field has another value."""
    head, end, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    at = random.randrange(len(lines))
    lines[at] = lines[at].partition(b":")[0] + b": " + random.choice(VALUES)
    return b"\r\n".join(lines) + end + body


def other_length(random: Random, data: bytes) -> bytes:
    """The length is another one, or there are two."""
    value = random.choice(NUMBERS)
    return _with_field(data if random.random() < 0.3 else _without(data, b"Content-Length"), b"Content-Length", value)


def other_coding(random: Random, data: bytes) -> bytes:
    """The body is in chunks, or so it is said."""
    head, end, body = data.partition(b"\r\n\r\n")
    size = random.choice(
        (b"%x" % len(body), b"%X" % len(body), b"0", b"-1", b"ffffffffffffffff", b"zz", b"%x;a=b" % len(body))
    )
    whole = head + end + size + b"\r\n" + body + b"\r\n" + random.choice((b"0\r\n\r\n", b"", b"0\r\nA: b\r\n\r\n"))
    kept = whole if random.random() < 0.2 else _without(whole, b"Content-Length")
    return _with_field(kept, b"Transfer-Encoding", random.choice(CODINGS))


def compressed(random: Random, data: bytes) -> bytes:
    """The content is compressed, or so it is said."""
    head, end, body = data.partition(b"\r\n\r\n")
    content = random.choice(
        (gzip.compress(body), zlib.compress(body), body, gzip.compress(b"x" * 3_000_000), random.randbytes(40))
    )
    return _with_field(_sized(head + end, content), b"Content-Encoding", random.choice(CONTENT))


def other_type(random: Random, data: bytes) -> bytes:
    """The content is of another type."""
    return _with_field(_without(data, b"Content-Type"), b"Content-Type", random.choice(TYPES))


def other_body(random: Random, data: bytes) -> bytes:
    """The content is another one, with its length."""
    head, end, _ = data.partition(b"\r\n\r\n")
    return _sized(head + end, random.choice(TEXTS) if random.random() < 0.9 else random.randbytes(300))


def other_query(random: Random, data: bytes) -> bytes:
    """The query is another one."""
    query = random.choice(
        (b"hub.mode=subscribe&hub.challenge=1", b"validationToken=%ff%00<x>", b"bodySHA256=" + b"0" * 64, b"key=%")
    )
    return data.replace(b" HTTP/", b"?" + query + b" HTTP/", 1)


def _without(data: bytes, name: bytes) -> bytes:
    head, end, body = data.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(name.lower() + b":")]
    return b"\r\n".join(lines) + end + body


def _with_field(data: bytes, name: bytes, value: bytes) -> bytes:
    head, end, body = data.partition(b"\r\n\r\n")
    return head + b"\r\n" + name + b": " + value + end + body


def _sized(head: bytes, body: bytes) -> bytes:
    return _with_field(_without(head, b"Content-Length"), b"Content-Length", b"%d" % len(body)) + body


MUTATIONS: tuple[Mutation, ...] = (
    *(
        flip,
        cut,
        drop,
        double,
        insert,
        reorder,
        repeat_line,
        other_line,
        add_field,
        add_field,
        other_value,
        other_length,
    ),
    *(other_coding, compressed, other_type, other_type, other_body, other_body, other_query),
)
