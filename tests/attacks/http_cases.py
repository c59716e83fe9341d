"""Malformed and unusual HTTP, and what becomes of each: https://www.rfc-editor.org/rfc/rfc9112.

What two servers could read in two ways must be refused; what is only unusual must be taken.
"""

from typing import NamedTuple

OK = b"ok"
TARGET = b"/hooks/addresses"


class Case(NamedTuple):
    """statuses: of the answers, in order; nothing if it is closed without one. cut: the sender sends no more."""

    name: str
    data: bytes
    statuses: tuple[int, ...]
    cut: bool = False
    body: bytes | None = None


def head(
    *lines: bytes,
    line: bytes = b"POST " + TARGET + b" HTTP/1.1",
    host: bytes = b"Host: x\r\n",
    close: bytes = b"Connection: close\r\n",
) -> bytes:
    return line + b"\r\n" + host + b"".join(one + b"\r\n" for one in lines) + close + b"\r\n"


def sized(*lines: bytes, body: bytes = OK, line: bytes = b"POST " + TARGET + b" HTTP/1.1") -> bytes:
    return head(*lines, b"Content-Length: %d" % len(body), line=line) + body


def length(value: bytes, body: bytes = OK) -> bytes:
    return head(b"Content-Length:" + value) + body


def coded(value: bytes, body: bytes = b"2\r\nok\r\n0\r\n\r\n", name: bytes = b"Transfer-Encoding") -> bytes:
    return head(name + b":" + value) + body


def chunks(body: bytes) -> bytes:
    return coded(b" chunked", body)


def target(text: bytes) -> bytes:
    return sized(line=b"POST " + text + b" HTTP/1.1")


def refused(name: str, data: bytes, status: int = 400) -> Case:
    return Case(name, data, (status,))


def taken(name: str, data: bytes, body: bytes = OK) -> Case:
    return Case(name, data, (202,), body=body)


def cut(name: str, data: bytes, *statuses: int) -> Case:
    return Case(name, data, statuses, cut=True)


SMUGGLED = b"POST /hooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
CL_AND_TE = [
    refused(f"{name}, {order}", head(*lines[::step]) + b"2\r\nok\r\n0\r\n\r\n")
    for order, step in (("length first", 1), ("coding first", -1))
    for name, lines in {
        "length and chunked": (b"Content-Length: 12", b"Transfer-Encoding: chunked"),
        "length 0 and chunked": (b"Content-Length: 0", b"Transfer-Encoding: chunked"),
        "length and Chunked": (b"Content-Length: 12", b"Transfer-Encoding: Chunked"),
        "length and CHUNKED in lower case": (b"content-length: 12", b"transfer-encoding: CHUNKED"),
        "length and identity": (b"Content-Length: 12", b"Transfer-Encoding: identity"),
        "length and gzip, chunked": (b"Content-Length: 12", b"Transfer-Encoding: gzip, chunked"),
        "length and xchunked": (b"Content-Length: 12", b"Transfer-Encoding: xchunked"),
        "length and an empty coding": (b"Content-Length: 12", b"Transfer-Encoding:"),
    }.items()
]
LENGTHS = [
    refused(f"content-length {value!r}", length(value))
    for value in (
        *(b" +2", b" -2", b" -0", b" 0x2", b" 2.0", b" 2e0", b" 0_2", b" 2 2", b" 2,2", b" 2, 2", b" ,2", b" 2,"),
        *(b" two", b"", b" ", b" \xb2", b" 2\x00", b" 2\x0b", b"\x0c2", b" \xd9\xa2", b" 2;", b' "2"', b" 2\xa0"),
        *(b" 18446744073709551616", b" 18446744073709551618", b" 340282366920938463463374607431768211458"),
        b" " + b"9" * 400,
    )
]
CODINGS = [
    refused(f"transfer-encoding {value!r}", coded(value))
    for value in (
        *(b" xchunked", b" chunkedx", b" chunked, chunked", b" chunked,chunked", b" chunked, identity", b" identity"),
        *(b" gzip", b" chunked, gzip", b" \x0bchunked", b" chunked\x0b", b" chunked;q=1", b' "chunked"', b" chun ked"),
        *(
            b"",
            b" ",
            b" ,",
            b" gzip, chunked",
            b" deflate,chunked",
            b" \x00chunked",
            b" chunked\x00",
            b" chunke\xc4\x91",
            b" =chunked",
        ),
    )
]
CHUNKS = [
    refused(f"chunk {body[:40]!r}", chunks(body))
    for body in (
        *(b"x\r\nok\r\n0\r\n\r\n", b"-2\r\nok\r\n0\r\n\r\n", b"+2\r\nok\r\n0\r\n\r\n", b"0x2\r\nok\r\n0\r\n\r\n"),
        *(b" 2\r\nok\r\n0\r\n\r\n", b"2 2\r\nok\r\n0\r\n\r\n", b"\r\nok\r\n0\r\n\r\n", b"2\rok\r\n0\r\n\r\n"),
        *(
            b"2\nok\r\n0\r\n\r\n",
            b"2\r\nok\n0\r\n\r\n",
            b"2\r\nok0\r\n\r\n",
            b"2\r\nokk\r\n0\r\n\r\n",
            b"_2\r\nok\r\n0\r\n\r\n",
        ),
        *(b"2;a\nb\r\nok\r\n0\r\n\r\n", b"2;a=\x00\r\nok\r\n0\r\n\r\n", b"2\x00\r\nok\r\n0\r\n\r\n"),
        *(b"2\r\nok\r\r\n0\r\n\r\n", b"2\r\nok\r\n0\n\n", b"2\r\nok\r\n0\r\n\n", b"2\r\nok\r\n0\r\nX\r\n\r\n"),
        b"fffffffffffffffff\r\nok\r\n0\r\n\r\n",
        b"10000000000000000\r\nok\r\n0\r\n\r\n",
        b"\xef\xbc\x92\r\nok\r\n0\r\n\r\n",
        b"2\r\nok\r\n0\r\nA : b\r\n\r\n",
        b"2\r\nok\r\n0\r\n: b\r\n\r\n",
        b"2\r\nok\r\n0\r\nA: b\r\n c\r\n\r\n",
    )
]
FIELDS = [
    refused(f"field {field!r}", sized(field))
    for field in (
        *(b"A : b", b" A: b", b"\tA: b", b": b", b"A", b"A b: c", b"A\t: b", b"A\x00: b", b"A: b\x00c", b"A\x7f: b"),
        *(
            b"A: b\r\n c",
            b"A: b\r\n\tc",
            b"A:\r\n b",
            b"A: b\nC: d",
            b"A: b\rC: d",
            b"A: b\n c",
            b"A: b\x01",
            b"A: \x7f",
        ),
        *(b"(A): b", b"A,B: c", b"A@B: c", b"A[]: c", b'"A": b', b"\xc3\xa9: b", b"{A}: b", b"A/B: c", b"A=B: c"),
        *(b"Transfer-Encoding : chunked", b"Content-Length : 2", b" Content-Length: 3", b"A: b\x0b", b"A: b\x0c"),
        *(b"Content-Length: 3", b"Content-Length: 2", b"content-length: 02"),
    )
]
HOSTS = [
    refused(f"host {host!r}", head(b"Content-Length: 2", host=host) + OK)
    for host in (
        b"",
        b"Host: x\r\nHost: x\r\n",
        b"Host: x\r\nhost: y\r\n",
        b"Host : x\r\n",
        b"Host: x\x00y\r\n",
        b"Host: x y\r\n",
        b"Host: x/y\r\n",
        *(
            b"Host: x?y\r\n",
            b"Host: x#y\r\n",
            b"Host: a@b\\c\r\n",
            b"Host: \xe9\r\n",
            b"Host: <x>\r\n",
            b"Host: x\ty\r\n",
        ),
    )
]
LINES = [
    refused(f"request line {line!r}", sized(line=line))
    for line in (
        *(b"POST /hooks/addresses HTTP/1.2", b"POST /hooks/addresses HTTP/2.0", b"POST /hooks/addresses HTTP/0.9"),
        *(b"POST /hooks/addresses HTTP/9.9", b"POST /hooks/addresses HTTP/1", b"POST /hooks/addresses HTTP/1.10"),
        *(b"POST /hooks/addresses HTTP/11", b"POST /hooks/addresses http/1.1", b"POST /hooks/addresses HTTPS/1.1"),
        *(b"POST /hooks/addresses HTTP/1.1 ", b"POST /hooks/addresses HTTP /1.1"),
        *(b" POST /hooks/addresses HTTP/1.1", b"POST\t/hooks/addresses HTTP/1.1"),
        *(b"POST /hooks/addresses\tHTTP/1.1", b"POST /hooks addresses HTTP/1.1", b"POST /hooks/addresses HTTP/+1.1"),
        *(b"POST /hooks/addresses HTTP/1.1\x00", b"POST /hooks\x00 HTTP/1.1", b"POST /hooks\x7f HTTP/1.1"),
        *(b"POST /hooks\rx HTTP/1.1", b"POST /hooks\x0b HTTP/1.1", b"PO ST /hooks HTTP/1.1", b"P@ST /hooks HTTP/1.1"),
        *(b"P\x00ST /hooks HTTP/1.1", b"POST\x80 /hooks HTTP/1.1", b"POST", b"POST HTTP/1.1", b"/hooks HTTP/1.1"),
        *(b"", b" ", b"\x00", b"POST * HTTP/1.1", b"POST hooks HTTP/1.1", b"FOO /hooks HTTP/1.1"),
        *(b"PRI * HTTP/2.0", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2", b"HTTP/1.1 200 OK", b"OPTIONS x HTTP/1.1"),
    )
]
ENDS = [
    refused("bare line feeds", b"POST /hooks/addresses HTTP/1.1\nHost: x\nContent-Length: 2\n\nok"),
    refused(
        "a bare line feed after the request line",
        b"POST /hooks/addresses HTTP/1.1\nHost: x\r\nContent-Length: 2\r\n\r\nok",
    ),
    refused(
        "a bare line feed after a field", b"POST /hooks/addresses HTTP/1.1\r\nHost: x\nContent-Length: 2\r\n\r\nok"
    ),
    refused(
        "a bare line feed at the end of the head",
        b"POST /hooks/addresses HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\nok",
    ),
    refused("bare carriage returns", b"POST /hooks/addresses HTTP/1.1\rHost: x\rContent-Length: 2\r\rok"),
    refused("a doubled carriage return", b"POST /hooks/addresses HTTP/1.1\r\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"),
    refused(
        "a carriage return before the end",
        b"POST /hooks/addresses HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\r\nok",
    ),
    refused("line feeds before the request", b"\n\n" + b"\x00" + sized()),
    taken("empty lines before the request", b"\r\n\r\n" + sized()),
]
OTHERS = [
    refused("HTTP/0.9", b"GET /hooks/addresses\r\n\r\n"),
    refused("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
    refused("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"r" * 200),
    refused("an SSLv2 handshake", b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10"),
    refused("a PROXY line that nobody asked for", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + sized()),
    refused("a binary PROXY header", b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + b"\x7f\x00\x00\x01" * 3 + sized()),
    refused("SSH", b"SSH-2.0-OpenSSH_9.9\r\n"),
    refused("SMTP", b"EHLO x\r\n"),
    refused("Redis", b"*1\r\n$4\r\nPING\r\n"),
    refused("a SOCKS handshake", b"\x05\x01\x00\x05\x01\x00\x03\x01x\x00\x50"),
    refused("noise", bytes(range(256))),
    refused("the end of another body", b"ok\r\n" + sized()),
    taken("an upgrade that is not made", sized(b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__")),
    taken("an upgrade to websocket", sized(b"Upgrade: websocket", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")),
    taken("expect 100-continue with the body at once", sized(b"Expect: 100-continue")),
    taken("an expectation that is not known", sized(b"Expect: 200-ok")),
    taken("an empty field", sized(b"A:")),
    taken("a field with white space around it", sized(b"A: \t b \t ")),
    taken("a field in latin-1", sized(b"A: \xe9\xff")),
    taken("a field in UTF-8", sized("A: ✓".encode())),
    taken("a field with colons", sized(b"A: b:c: d")),
    taken("unusual characters in a field's name", sized(b"!#$%&'*+-.^_`|~9a: b")),
    taken("many equal fields", sized(*[b"A: b"] * 50)),
    taken("a length with zeros before it", length(b" 0000000002")),
    taken("a length with white space after it", length(b" 2 ")),
    taken("a length with a tab before it", length(b"\t2")),
    taken("no body at all", head(), b""),
    taken("a length of 0", length(b" 0", b""), b""),
    taken("chunks", chunks(b"2\r\nok\r\n0\r\n\r\n")),
    taken("chunks one by one", chunks(b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n")),
    taken("no chunk", chunks(b"0\r\n\r\n"), b""),
    taken("many zeros as the end", chunks(b"2\r\nok\r\n00000\r\n\r\n")),
    taken("a chunk's size in upper case", chunks(b"A\r\n0123456789\r\n0\r\n\r\n"), b"0123456789"),
    taken("a chunk's size with zeros", chunks(b"000000000002\r\nok\r\n0\r\n\r\n")),
    taken("a chunk's extension", chunks(b"2;a=b\r\nok\r\n0\r\n\r\n")),
    taken("a chunk's extension in quotes", chunks(b'2;a="b;c"\r\nok\r\n0\r\n\r\n')),
    taken("a trailer", chunks(b"2\r\nok\r\n0\r\nA: b\r\n\r\n")),
    taken("a trailer that looks like a length", chunks(b"2\r\nok\r\n0\r\nX-Length: 9\r\n\r\n")),
    taken("chunks that contain line ends", chunks(b"4\r\n\r\n\r\n\r\n0\r\n\r\n"), b"\r\n\r\n"),
    taken("Chunked", coded(b" Chunked")),
    taken("CHUNKED without white space", coded(b"CHUNKED")),
    refused("chunked with white space after it", coded(b" chunked \t")),
    taken("TRANSFER-ENCODING", coded(b" chunked", name=b"TRANSFER-ENCODING")),
    taken("HTTP/1.0", sized(line=b"POST /hooks/addresses HTTP/1.0")),
    taken("HTTP/1.0 without a host", head(b"Content-Length: 2", line=b"POST /hooks/addresses HTTP/1.0", host=b"") + OK),
    refused(
        "HTTP/1.0 with chunks",
        head(b"Transfer-Encoding: chunked", line=b"POST /hooks/addresses HTTP/1.0") + b"2\r\nok\r\n0\r\n\r\n",
    ),
    refused("an absolute target", target(b"http://x/hooks/addresses"), 401),
    refused("a target that is no ASCII", target(b"/\xff")),
    refused("a connect", head(line=b"CONNECT x:443 HTTP/1.1"), 405),
    refused("RTSP", head(line=b"GET / RTSP/1.0"), 405),
    taken("two spaces in the request line", sized(line=b"POST  /hooks/addresses  HTTP/1.1")),
    taken("a query", target(b"/hooks/addresses?a=b&c=%00%ff")),
    taken("a query with question marks", target(b"/hooks/addresses??a?")),
    taken("an empty query", target(b"/hooks/addresses?")),
    taken("an empty host", head(b"Content-Length: 2", host=b"Host:\r\n") + OK),
    taken("a host with a port", head(b"Content-Length: 2", host=b"Host: x:99999\r\n") + OK),
    taken("an IPv6 host", head(b"Content-Length: 2", host=b"Host: [::1]:8080\r\n") + OK),
    *[
        refused(f"target {text!r}", target(text), 401)
        for text in (
            *(b"/", b"//", b"/hooks", b"/hooks/", b"/hooks/addresses/", b"/hooks//addresses", b"//hooks/addresses"),
            *(b"/hooks/./addresses", b"/hooks/x/../addresses", b"/hooks/addresses/.", b"/hooks/%61ddresses"),
            *(
                b"/hooks%2faddresses",
                b"/hooks/addresses;x",
                b"/hooks/addresses%00",
                b"/hooks/addresses%20",
                b"/HOOKS/addresses",
            ),
            *(
                b"/hooks/addresses%3f",
                b"/hooks/addresses#a",
                b"/hooks\\addresses",
                b"/metrics",
                b"/healthz",
                b"/..%2f..%2fetc/passwd",
            ),
            *(
                b"http://x/",
                b"http://x",
                b"http://x/hooks",
                b"https://x@y:1/hooks",
                b"/%c0%ae%c0%ae/",
                b"/$%7bjndi:ldap://x%7d",
            ),
        )
    ],
    *[
        refused(f"method {method.decode()}", sized(line=method + b" /hooks/addresses HTTP/1.1"), 405)
        for method in (b"GET", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"PROPFIND")
    ],
    refused("a post in lower case", sized(line=b"post /hooks/addresses HTTP/1.1")),
    refused("a coding of the content that is not supported", sized(b"Content-Encoding: br"), 415),
    refused("two codings of the content", sized(b"Content-Encoding: gzip", b"Content-Encoding: gzip"), 415),
    refused("a content that is not what its coding says", sized(b"Content-Encoding: gzip")),
    refused("a length beyond the limit", head(b"Content-Length: 9999999999"), 413),
    refused("a chunk beyond the limit", chunks(b"ffffff\r\n" + b"x" * 1_100_000), 413),
    refused("too many fields", sized(*[b"A: b"] * 200), 431),
    refused("a field that is too long", sized(b"A: " + b"b" * 20_000), 431),
    refused("a field's name that is too long", sized(b"A" * 20_000 + b": b"), 431),
    refused("a head that is too long", sized(*[b"A: " + b"b" * 7_000] * 20), 431),
    refused("a target that is too long", target(b"/" + b"a" * 20_000), 414),
    refused("a method that is too long", sized(line=b"P" * 20_000 + b" / HTTP/1.1")),
    refused("too many trailers", chunks(b"2\r\nok\r\n0\r\n" + b"A: b\r\n" * 300 + b"\r\n"), 431),
    taken("a chunk's extension that is too long", chunks(b"2;" + b"a" * 40_000 + b"\r\nok\r\n0\r\n\r\n")),
    refused("smuggled behind two lengths", head(b"Content-Length: 0", b"Content-Length: 62") + SMUGGLED),
    refused(
        "smuggled behind a coding that is hidden",
        head(b"Content-Length: 3", b"X: x\nTransfer-Encoding: chunked") + b"0\r\n\r\n",
    ),
    Case("two at once", sized().replace(b"Connection: close\r\n", b"") + sized(), (202, 202)),
    Case(
        "two at once, by chunks",
        chunks(b"2\r\nok\r\n0\r\n\r\n").replace(b"Connection: close\r\n", b"") + sized(),
        (202, 202),
    ),
    Case("nothing behind a close", sized() + sized(), (202,)),
    Case("nothing behind a refusal", length(b" +2") + sized(), (400,)),
    Case(
        "a good one and then noise",
        sized().replace(b"Connection: close\r\n", b"") + b"\x00\x01\x02\r\n\r\n",
        (202, 400),
    ),
    Case("a get and then a post", head(line=b"GET /hooks/addresses HTTP/1.1", close=b"") + sized(), (405, 202)),
    Case("a head request", head(line=b"HEAD /hooks/addresses HTTP/1.1"), (405,)),
    Case(
        "HTTP/1.0 closes",
        sized(line=b"POST /hooks/addresses HTTP/1.0").replace(b"Connection: close\r\n", b"") + sized(),
        (202,),
    ),
    Case("keep-alive and close", sized(b"Connection: keep-alive") + sized(), (202,)),
    Case(
        "keep-alive in HTTP/1.0",
        sized(line=b"POST /hooks/addresses HTTP/1.0").replace(b"close", b"keep-alive") + sized(),
        (202, 202),
    ),
    Case(
        "an upgrade to a protocol and then another request",
        sized(b"Upgrade: websocket").replace(b"close", b"upgrade") + sized(),
        (202,),
    ),
    Case("an upgrade ends the connection", sized(b"Upgrade: x").replace(b"close", b"upgrade") + sized(), (202,)),
    cut("nothing", b""),
    cut("an empty line", b"\r\n"),
    cut("half a request line", b"POST /hooks"),
    cut("half a head", b"POST /hooks/addresses HTTP/1.1\r\nHost: x\r\n"),
    cut("half a body", length(b" 5")),
    cut("half a chunk", chunks(b"5\r\nok")),
    cut("chunks without an end", chunks(b"2\r\nok\r\n0\r\n")),
    cut("a body that is not sent", head(b"Content-Length: 2", b"Expect: 100-continue"), 100),
    cut("half a second request", sized().replace(b"Connection: close\r\n", b"") + b"POST /hooks", 202),
]
CASES = (*CL_AND_TE, *LENGTHS, *CODINGS, *CHUNKS, *FIELDS, *HOSTS, *LINES, *ENDS, *OTHERS)
