"""Folding a dead-letter topic gives each open refusal once."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from router.api import ConnectorError, Reason
from router.delivery.dead_letter import Refusal, dead_letter, replay, without_value
from router.delivery.stage import Stage
from router.dlq.index import Index, fold
from router.dlq.letters import Letter, letter_of, shape
from router.dlq.markers import Outcome, Resolution, marker, marker_of, spans
from router.dlq.selection import Filter
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


MENDED = Resolution(Outcome.PUT_BACK, "ann@host", "mended", datetime.fromtimestamp(AT_MS / 1000, UTC), "abc")


def resolution(*offsets: int) -> Message:
    return marker("dlq", 0, offsets, MENDED)


def topic(messages: Sequence[Message]) -> list[Consumed]:
    return [consumed(message, offset) for offset, message in enumerate(messages)]


def test_a_letter_keeps_bytes_key_and_headers_and_says_where_it_came_from() -> None:
    headers: Headers = [("ce_id", b"e1"), ("ce_type", b"order.paid"), ("x", b"\xff")]

    (record,) = topic([refuse(original(17, headers))])

    letter = letter_of(record)

    assert (record.value, record.key, letter.key, letter.size) == (b"bytes", b"k17", b"k17", 5)
    assert record.headers[:3] == headers
    assert (letter.topic, letter.partition, letter.offset, letter.attempt) == ("orders.v1", 0, 17, 1)
    assert (letter.event_id, letter.event_type, letter.reason) == ("e1", "order.paid", "TARGET_REJECTED")


def test_a_letter_without_a_value_says_how_large_it_was_what_it_was_and_where_it_is() -> None:
    (record,) = topic([without_value(refuse(original(17)))])

    letter = letter_of(record)

    headers = dict(record.headers)
    assert (record.value, letter.key, letter.missing_bytes) == (None, b"k17", 5)
    assert headers["con.err.value_sha256"] == sha256(b"bytes").hexdigest().encode()
    assert (letter.topic, letter.offset) == ("orders.v1", 17)


def test_what_was_put_back_is_left_out() -> None:
    stored = topic([refuse(original(1)), refuse(original(2))])

    letters = fold([*stored, consumed(resolution(0), 2)])

    assert [letter.offset for letter in letters] == [2]


def test_a_refusal_written_twice_counts_once_and_is_resolved_once() -> None:
    stored = topic([refuse(original(1)), refuse(original(1))])

    (letter,) = fold(stored)

    assert letter.id == "0:0"
    assert fold([*stored, consumed(resolution(0), 2)]) == []


def test_a_refusal_after_the_first_was_put_back_is_open_again() -> None:
    first, again = topic([refuse(original(1)), refuse(original(1))])

    (letter,) = fold([first, consumed(resolution(0), 1), again._replace(offset=2)])

    assert letter.id == "0:2"


def test_a_replayed_record_that_fails_again_keeps_its_first_place_and_counts_attempts() -> None:
    (first,) = topic([refuse(original(17))])
    back = consumed(replay("replay", first), 3)

    (letter,) = fold(topic([refuse(back, replayed=True)]))

    assert (letter.topic, letter.offset, letter.attempt) == ("orders.v1", 17, 2)


def test_headers_that_a_producer_forged_are_not_believed() -> None:
    forged: Headers = [("con.err.attempt", b"999999999"), ("con.err.topic", b"other"), ("con.dlq.resolves", b"0:0")]

    (letter,) = fold(topic([refuse(original(1, forged))]))

    assert (letter.attempt, letter.topic) == (1, "orders.v1")


def offsets(index: Index, wanted: Filter) -> list[int]:
    return sorted(letter.offset for letter in index.letters(wanted))


@pytest.fixture
def index() -> Iterator[Index]:
    """Three open letters: of tenants, types, reasons and moments of their own."""
    attributes: list[list[tuple[str, str | bytes | None]]] = [
        [("ce_type", b"paid"), ("ce_source", b"/p/s"), ("idempotency-key", b"acme/p/s#e1"), ("ce_id", b"e1")],
        [("ce_type", b"sent"), ("ce_source", b"/p/s"), ("idempotency-key", b"/p/s#e2"), ("ce_id", b"e2")],
        [],
    ]
    reasons = (Reason.TARGET_REJECTED, Reason.AVRO_MAGIC, Reason.TARGET_REJECTED)
    one = Index()
    one.add(topic([refuse(original(n, headers), reasons[n - 1]) for n, headers in enumerate(attributes, start=1)]))
    yield one
    one.close()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(reason="AVRO_MAGIC"), [2]),
        (Filter(reason="CONTRACT"), [2]),
        (Filter(key=b"k1"), [1]),
        (Filter(type="sent"), [2]),
        (Filter(tenant="acme"), [1]),
        (Filter(event_id="e2"), [2]),
        (Filter(message="n"), [1, 2, 3]),
        (Filter(message="yes"), []),
        (Filter(id="0:1"), [2]),
        (Filter(attempts=0), []),
        (Filter(attempts=1), [1, 2, 3]),
        (Filter(has_value=False), []),
        (Filter(ends={0: 1}), [1]),
        (Filter(ends={}), []),
        (Filter(reason="TARGET_REJECTED", key=b"k3"), [3]),
    ],
)
def test_letters_are_filtered(index: Index, wanted: Filter, expected: list[int]) -> None:
    assert offsets(index, wanted) == expected
    assert index.count(wanted) == len(expected)


def test_a_moment_is_included_as_a_beginning_and_excluded_as_an_end(index: Index) -> None:
    moment = datetime.fromtimestamp(AT_MS / 1000, UTC)

    assert offsets(index, Filter(since=moment, until=moment + timedelta(seconds=1))) == [1, 2, 3]
    assert offsets(index, Filter(until=moment)) == offsets(index, Filter(since=moment + timedelta(seconds=1))) == []


def test_a_filter_is_the_same_after_a_journey_through_json() -> None:
    moment = datetime.fromtimestamp(AT_MS / 1000, UTC)
    wanted = Filter(key=b"\xff", since=moment, until=moment, ends={0: 7, 3: 9}, reason="CONTRACT", attempts=4)

    assert Filter.parse(json.loads(json.dumps(wanted.document()))) == wanted


def test_a_marker_speaks_of_many_letters_and_says_who_when_why_and_by_which_plan(index: Index) -> None:
    index.add([consumed(resolution(0, 1), 3)])

    resolved = index.at((0, 1))
    assert offsets(index, Filter()) == [3]
    assert resolved is not None
    assert resolved.resolution == MENDED
    assert index.resolved() == {Outcome.PUT_BACK: 2}
    assert [letter.offset for letter in index.in_order(Filter(), "abc")] == [1, 2, 3]
    assert [letter.offset for letter in index.in_order(Filter(), "other")] == [3]


@pytest.mark.parametrize("told", [b"", b"x", b"0:", b"0:x", b"0:1-x,3"])
def test_a_marker_that_makes_no_sense_resolves_nothing(told: bytes) -> None:
    assert marker_of(consumed(Message("dlq", None, None, [("con.dlq.resolves", told)]), 0)) is None


def test_offsets_side_by_side_are_one_span() -> None:
    assert spans([1, 2, 3, 7, 9, 10]) == [(1, 3), (7, 7), (9, 10)]


def test_groups_count_what_only_differs_in_numbers_ids_and_quotes_as_the_same(index: Index) -> None:
    told = ["row 17 of 'orders' has no total", "row 4711 of 'refunds' has no total", "no such table"]
    errors = [ConnectorError(Reason.TARGET_REJECTED, message) for message in told]
    letters = [
        dead_letter("dlq", original(n + 10), Refusal("db", Stage.TASK_PUT, error, "1", AT_MS), replayed=False)
        for n, error in enumerate(errors)
    ]
    index.add([consumed(message, offset + 3) for offset, message in enumerate(letters)])

    groups = index.groups(Filter(), "shape")

    assert [(group.value, group.open) for group in groups] == [
        ("no", 3),
        ("row # of '…' has no total", 2),
        ("no such table", 1),
    ]
    assert [(group.value, group.open) for group in index.groups(Filter(), "reason")] == [
        ("TARGET_REJECTED", 5),
        ("AVRO_MAGIC", 1),
    ]


def test_a_group_counts_those_that_are_parked(index: Index) -> None:
    (back,) = topic([refuse(original(9))])
    index.add([consumed(refuse(consumed(replay("replay", back), 1), replayed=True), 3)])

    (rejected, _) = index.groups(Filter(), "reason", parked_from=2)

    assert (rejected.value, rejected.open, rejected.parked) == ("TARGET_REJECTED", 3, 1)


def test_the_history_of_a_record_is_all_its_attempts(index: Index) -> None:
    (first,) = topic([refuse(original(1))])
    again = refuse(consumed(replay("replay", first), 1), replayed=True)
    index.add([consumed(resolution(0), 3), consumed(again, 4)])

    letter = index.at((0, 4))

    assert letter is not None
    assert [(one.id, one.attempt) for one in index.history(letter)] == [("0:0", 1), ("0:4", 2)]


def test_letters_of_a_key_go_back_in_the_order_of_their_records_whatever_order_they_were_refused_in() -> None:
    early, late = original(5), original(8)._replace(key=b"k5")
    (first,) = topic([refuse(early)])
    again = refuse(consumed(replay("replay", first), 1), replayed=True)
    index = Index()
    index.add([first, consumed(refuse(late), 1), consumed(resolution(0), 2), consumed(again, 3)])
    index.add([consumed(refuse(original(9)), 4)])

    in_order, mixed = index.places(Filter())

    assert (in_order, mixed) == ([(0, 4)], [(0, 3), (0, 1)])
    assert [letter.id for letter in index.neighbours(letter_at(index, (0, 1)))] == ["0:3"]


def letter_at(index: Index, place: tuple[int, int]) -> Letter:
    found = index.at(place)
    assert found is not None
    return found


def test_an_index_goes_on_where_it_was_closed_and_forgets_what_the_topic_has_lost(tmp_path: Path) -> None:
    stored = topic([refuse(original(1)), refuse(original(2)), refuse(original(3))])
    first = Index(tmp_path / "index.sqlite")
    first.add(stored[:2])
    first.close()

    second = Index(tmp_path / "index.sqlite")
    begun = second.next_offsets()
    second.add(stored[2:])
    second.forget_before({0: 1})

    assert begun == {0: 2}
    assert offsets(second, Filter()) == [2, 3]


def test_records_are_added_all_or_none() -> None:
    index = Index()

    with pytest.raises(RuntimeError):
        index.add(failing(topic([refuse(original(1))])))

    assert (index.count(Filter()), index.next_offsets()) == (0, {})
    index.add(topic([refuse(original(1))]))
    assert index.count(Filter()) == 1


def failing(records: Iterable[Consumed]) -> Iterator[Consumed]:
    yield from records
    raise RuntimeError


def test_an_index_of_another_version_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    with closing(sqlite3.connect(path)) as old:
        old.executescript("CREATE TABLE letters (x); CREATE INDEX i ON letters (x); PRAGMA user_version = 99")

    index = Index(path)
    index.add(topic([refuse(original(1))]))

    assert index.count(Filter()) == 1


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("HTTP 422 from 10.0.0.7:8080", "HTTP # from #"),
        ("order a1b2-c3 is unknown", "order # is unknown"),
        ('field "total" is "x y"', "field '…' is '…'"),
        ("", ""),
    ],
)
def test_the_shape_of_a_message_leaves_out_what_differs(message: str, expected: str) -> None:
    assert shape(message) == expected
