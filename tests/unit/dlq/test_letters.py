"""Folding a dead-letter topic gives each open refusal once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from router.api import ConnectorError, Reason
from router.delivery.dead_letter import Refusal, dead_letter, replay, resolution, without_value
from router.delivery.stage import Stage
from router.dlq.letters import Filter, fold
from router.kafka.consumer import Consumed
from router.kafka.producer import Headers, Message

AT_MS = 1_795_000_000_000


class Stored:
    """A message as the client would hand it out."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def headers(self) -> Headers:
        return self._headers

    def timestamp(self) -> tuple[int, int]:
        return 1, AT_MS


def consumed(message: Message, offset: int) -> Consumed:
    stored: object = Stored(message.headers)
    return Consumed(message.topic, 0, offset, message.key, message.value, stored)  # type: ignore[arg-type]  # a double


def original(offset: int, headers: Sequence[tuple[str, str | bytes | None]] = ()) -> Consumed:
    return consumed(Message("orders.v1", b"k%d" % offset, b"bytes", list(headers)), offset)


def refuse(record: Consumed, reason: Reason = Reason.TARGET_REJECTED, *, replayed: bool = False) -> Message:
    error = ConnectorError(reason, "no")
    return dead_letter("dlq", record, Refusal("db", Stage.TASK_PUT, error, "1", AT_MS), replayed=replayed)


def topic(messages: Sequence[Message]) -> list[Consumed]:
    return [consumed(message, offset) for offset, message in enumerate(messages)]


def test_a_letter_keeps_bytes_key_and_headers_and_says_where_it_came_from() -> None:
    headers: Headers = [("ce_id", b"e1"), ("ce_type", b"order.paid"), ("x", b"\xff")]

    (letter,) = fold(topic([refuse(original(17, headers))]))

    assert (letter.record.value, letter.record.key) == (b"bytes", b"k17")
    assert letter.record.headers[:3] == headers
    assert (letter.topic, letter.partition, letter.offset, letter.attempt) == ("orders.v1", 0, 17, 1)
    assert (letter.event_id, letter.event_type, letter.reason) == ("e1", "order.paid", "TARGET_REJECTED")


def test_a_letter_without_a_value_says_how_large_it_was_what_it_was_and_where_it_is() -> None:
    (letter,) = fold(topic([without_value(refuse(original(17)))]))

    headers = dict(letter.record.headers)
    assert (letter.record.value, letter.record.key, letter.missing_bytes) == (None, b"k17", 5)
    assert headers["con.err.value_sha256"] == sha256(b"bytes").hexdigest().encode()
    assert (letter.topic, letter.offset) == ("orders.v1", 17)


def test_what_was_put_back_is_left_out() -> None:
    stored = topic([refuse(original(1)), refuse(original(2))])

    letters = fold([*stored, consumed(resolution("dlq", stored[0]), 2)])

    assert [letter.offset for letter in letters] == [2]


def test_a_refusal_written_twice_counts_once_and_is_resolved_once() -> None:
    stored = topic([refuse(original(1)), refuse(original(1))])

    (letter,) = fold(stored)
    resolved = [consumed(resolution("dlq", record), 2) for record in (letter.record, *letter.copies)]

    assert len(letter.copies) == 1
    assert fold([*stored, *resolved]) == []


def test_a_refusal_after_the_first_was_put_back_is_open_again() -> None:
    first, again = topic([refuse(original(1)), refuse(original(1))])

    (letter,) = fold([first, consumed(resolution("dlq", first), 2), again])

    assert letter.id == "0:1"


def test_a_replayed_record_that_fails_again_keeps_its_first_place_and_counts_attempts() -> None:
    (first,) = topic([refuse(original(17))])
    back = consumed(replay("replay", first), 3)

    (letter,) = fold(topic([refuse(back, replayed=True)]))

    assert (letter.topic, letter.offset, letter.attempt) == ("orders.v1", 17, 2)


def test_headers_that_a_producer_forged_are_not_believed() -> None:
    forged: Headers = [("con.err.attempt", b"999999999"), ("con.err.topic", b"other"), ("con.dlq.resolves", b"0:0")]

    (letter,) = fold(topic([refuse(original(1, forged))]))

    assert (letter.attempt, letter.topic) == (1, "orders.v1")


def test_letters_are_filtered_by_reason_class_key_and_time() -> None:
    letters = fold(topic([refuse(original(1)), refuse(original(2), Reason.AVRO_MAGIC)]))
    moment = datetime.fromtimestamp(AT_MS / 1000, UTC)

    def offsets(wanted: Filter) -> list[int]:
        return [letter.offset for letter in letters if wanted.matches(letter)]

    assert offsets(Filter(reason="AVRO_MAGIC")) == offsets(Filter(reason="CONTRACT")) == [2]
    assert offsets(Filter(key=b"k1")) == [1]
    assert offsets(Filter(id="0:1")) == [2]
    assert offsets(Filter(since=moment, until=moment + timedelta(seconds=1))) == [1, 2]
    assert offsets(Filter(until=moment)) == offsets(Filter(since=moment + timedelta(seconds=1))) == []
