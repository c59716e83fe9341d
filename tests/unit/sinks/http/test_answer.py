"""Answers are understood in whatever pieces they arrive, and everything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.http.answer import MAX_BODY_BYTES, MAX_HEAD_BYTES, MAX_KEPT_BYTES, AnswerReader
from sinks.http.errors import AnswerError

CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
CHUNKED = CHUNKED_HEAD + b"5;x=y\r\nhello\r\n1a\r\n" + b"x" * 26 + b"\r\n0\r\nt: u\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
ANSWERS = [
    b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    INTERIM + b"HTTP/1.1 429 \r\nRetry-After: 7\r\ncontent-length: 0\r\n\r\n",
    CHUNKED,
]


def read(*pieces: bytes) -> AnswerReader:
    reader = AnswerReader()
    for piece in pieces:
        reader.feed(piece)
    return reader


@given(st.sampled_from(ANSWERS), st.data())
def test_pieces_make_no_difference(answer: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=8)))
    pieces = [answer[start:end] for start, end in zip([0, *cuts], [*cuts, len(answer)], strict=True)]

    reader = read(*pieces)

    assert reader.answer is not None
    assert (reader.answer, reader.reusable) == (read(answer).answer, True)
    assert read(answer[:-1]).answer is None or answer == ANSWERS[1]


@given(st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", *ANSWERS]))
def test_whatever_arrives_is_an_answer_unfinished_or_refused(noise: bytes, prefix: bytes) -> None:
    reader = AnswerReader()
    try:
        reader.feed(prefix + noise)
        reader.end()
    except AnswerError:
        return

    assert reader.answer is not None
    assert 101 <= reader.answer.status <= 999
    assert not reader.reusable


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/2 200 OK",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 +20 OK",
        b"HTTP/1.1 099 Low",
        b"http/1.1 200 OK",
        b"HTTP/1.1 200 OK\r\nno colon",
        b"HTTP/1.1 200 OK\r\n: empty",
        b"HTTP/1.1 200 OK\r\nname : x",
        b"HTTP/1.1 200 OK\r\n folded: x",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked",
        b"HTTP/1.1 200 OK\r\ncontent-length: +1",
        b"HTTP/1.1 200 OK\r\ncontent-length: ",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1_0",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0x5",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab",
    ],
)
def test_what_is_not_http_is_refused(head: bytes) -> None:
    with pytest.raises(AnswerError):
        read(head + b"\r\n\r\n" + b"\r\n").end()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
        b"HTTP/1.0 204 No Content\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\nmore than was asked for",
        CHUNKED + b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n" + b"x" * (MAX_BODY_BYTES + 1),
    ],
)
def test_a_connection_is_not_used_again_after(answer: bytes) -> None:
    reader = read(answer)

    assert reader.answer is not None
    assert not reader.reusable


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    reader = read(b"HTTP/1.1 200 OK\r\n\r\nhello")
    before = reader.answer
    reader.end()

    assert before is None
    assert reader.answer is not None


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nx: ", CHUNKED_HEAD])
def test_endless_lines_are_refused(start: bytes) -> None:
    with pytest.raises(AnswerError):
        read(start, *[b"1" * 1000] * (MAX_HEAD_BYTES // 1000 + 2))


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (ANSWERS[0], b""),
        (ANSWERS[2], b"hello"),
        (CHUNKED, b"hello" + b"x" * 26),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"x" * 100_000, b"x" * MAX_KEPT_BYTES),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\ny\r\n" * 70_000, b"y" * MAX_KEPT_BYTES),
    ],
)
@pytest.mark.parametrize("piece", [1_000, 1 << 24])
def test_the_beginning_of_a_body_is_kept_if_it_is_wanted(answer: bytes, body: bytes, piece: int) -> None:
    reader = AnswerReader(keep_body=True)
    for start in range(0, len(answer), piece):
        reader.feed(answer[start : start + piece])
    reader.feed(b"0\r\n\r\n" if answer.endswith(b"y\r\n") else b"")

    assert reader.answer is not None
    assert reader.answer.body == body


@given(st.sampled_from(ANSWERS))
def test_a_body_that_nobody_wants_is_not_kept(answer: bytes) -> None:
    reader = read(answer)

    assert reader.answer is not None
    assert reader.answer.body == b""
