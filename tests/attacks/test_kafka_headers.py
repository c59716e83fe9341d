"""Row 66: what a producer writes into the headers of a record is neither believed nor harmful."""

import time

import pytest

from router.api import ConnectorError, Reason
from router.api import reasons as names
from router.delivery.dead_letter import Refusal, dead_letter, first_offset, replay
from router.delivery.stage import Stage
from router.dlq.index import fold
from router.dlq.letters import Letter
from router.kafka.consumer import Consumed
from router.kafka.producer import Headers, Message

AT_MS = 1_795_000_000_000
FORGED = (
    b"-1",
    b"0",
    b"999999999",
    b"99999999999999999999",
    b"1e9",
    b" 1",
    b"+1",
    b"",
    b"\xff",
    "٣".encode(),
    b"1" * 10_000,
)
SECONDS = 2.0


class Stored:
    """A message as Kafka's client hands it out."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def headers(self) -> Headers:
        return self._headers

    def timestamp(self) -> tuple[int, int]:
        return 1, AT_MS


def record(headers: Headers, topic: str = "orders.v1", offset: int = 17) -> Consumed:
    stored: object = Stored(headers)
    return Consumed(topic, 0, offset, b"key", b"bytes", stored)  # type: ignore[arg-type]  # a double


def refused(origin: Consumed, *, replayed: bool = False) -> Message:
    error = ConnectorError(Reason.AVRO_DECODE, "no")
    return dead_letter("dlq", origin, Refusal("db", Stage.VALUE_CONVERTER, error, "1", AT_MS), replayed=replayed)


def letter(message: Message) -> Letter:
    (found,) = fold([record(message.headers, message.topic, 0)])
    return found


def test_ten_thousand_headers_are_carried_and_cost_little() -> None:
    headers: Headers = [(f"x-{number}", b"v" * 10) for number in range(10_000)]
    started = time.process_time()

    message = refused(record(headers))
    found = letter(message)

    assert message.headers[: len(headers)] == headers
    assert (found.reason, found.attempt, found.offset) == (Reason.AVRO_DECODE, 1, 17)
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("name", ["x", names.HEADER_MESSAGE, names.HEADER_ATTEMPT, "traceparent", "ce_id"])
def test_a_header_of_a_megabyte_is_carried_or_left_out(name: str) -> None:
    found = letter(refused(record([(name, b"9" * 1_000_000)])))

    assert (found.attempt, found.message, found.size) == (1, "no", len(b"bytes"))


@pytest.mark.parametrize("text", FORGED, ids=range(len(FORGED)))
@pytest.mark.parametrize(
    "name", [names.HEADER_ATTEMPT, names.HEADER_OFFSET, names.HEADER_PARTITION, names.HEADER_FIRST_AT]
)
def test_forged_headers_of_dead_letters_are_not_believed(name: str, text: bytes) -> None:
    """In any topic but the sink's own replay topic they are somebody else's, and do not even enter the letter."""
    origin = record([(name, text), ("con.dlq.resolves", b"0:0"), (names.CONNECT_TOPIC, b"other"), ("x-attempt", text)])

    message = refused(origin)
    found = letter(message)

    assert (found.attempt, found.topic, found.partition, found.offset) == (1, "orders.v1", 0, 17)
    assert found.first_at is not None
    assert ("x-attempt", text) in message.headers
    assert [header for header, _ in message.headers].count(name) == 1
    assert first_offset(origin, replayed=False) == 17


@pytest.mark.parametrize("text", FORGED, ids=range(len(FORGED)))
def test_an_attempt_that_is_no_number_counts_as_none_where_it_is_our_own(text: bytes) -> None:
    """Whoever could write to the replay topic could still not make the number anything but a number."""
    back = record(
        replay("replay", record([(names.HEADER_ATTEMPT, text), (names.HEADER_OFFSET, text)])).headers, "replay", 3
    )

    found = letter(refused(back, replayed=True))

    assert 1 <= found.attempt <= 10**19
    assert 0 <= first_offset(back, replayed=True) < 10**19
