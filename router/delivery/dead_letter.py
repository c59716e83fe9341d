"""A dead letter: the original bytes, key and headers, and beside them why it is dead and where it came from."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from router.api import ConnectorError
from router.api import reasons as names
from router.kafka.consumer import Consumed
from router.kafka.producer import Headers, Message

RESOLVES = "con.dlq.resolves"
"""On a marker in the dead-letter topic: the partition of dead letters, and the offsets of those it speaks of."""

_OURS = ("__connect.errors.", "con.err.", "con.dlq.")


class Origin(Protocol):
    """A record as a client of Kafka's has read it, whichever client it is."""

    @property
    def topic(self) -> str:
        """The topic."""
        ...

    @property
    def partition(self) -> int:
        """The number of the partition."""
        ...

    @property
    def offset(self) -> int:
        """The offset in the partition."""
        ...

    @property
    def key(self) -> bytes | None:
        """The key."""
        ...

    @property
    def value(self) -> bytes | None:
        """The value."""
        ...

    @property
    def headers(self) -> Headers:
        """The headers, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a sink's record is dead. attempt counts every life of the record, replays included."""

    sink: str
    stage: str
    error: ConnectorError
    connector_version: str
    at_ms: int

    @classmethod
    def now(cls, sink: str, stage: str, error: ConnectorError, connector_version: str) -> "Refusal":
        """A refusal at this moment."""
        return cls(sink, stage, error, connector_version, int(time.time() * 1000))


def dead_letter(topic: str, origin: Origin, refusal: Refusal, *, replayed: bool) -> Message:
    """The message for the dead-letter topic.

    replayed: the record came through the sink's replay topic, so its headers tell of its first life; in any other
    topic such headers are somebody else's and are not believed.
    """
    earlier = header_values(origin.headers) if replayed else {}
    mine: Headers = [(key, value) for key, value in origin.headers if not key.startswith(_OURS)]
    return Message(topic, origin.key, origin.value, mine + _why(origin, refusal, earlier))


def without_value(letter: Message) -> Message:
    """The letter with its value's size and SHA-256 instead; the value stays where the record first stood."""
    value = letter.value or b""
    size, digest = str(len(value)).encode(), sha256(value).hexdigest().encode()
    about: Headers = [(names.HEADER_VALUE_BYTES, size), (names.HEADER_VALUE_SHA256, digest)]
    return letter._replace(value=None, headers=letter.headers + about)


def replay(topic: str, letter: Consumed) -> Message:
    """The message that puts a dead letter back: to the sink's own replay topic, still with its history."""
    return Message(topic, letter.key, letter.value, letter.headers)


def plain(topic: str, letter: Consumed) -> Message:
    """The message that a dead letter was before it was refused, for a topic that everybody reads."""
    mine: Headers = [(key, value) for key, value in letter.headers if not key.startswith(_OURS)]
    return Message(topic, letter.key, letter.value, mine)


def header_values(headers: Headers) -> Mapping[str, str]:
    """The last value of each header, as text."""
    return {
        key: value.decode("utf-8", "replace") if isinstance(value, bytes) else value or "" for key, value in headers
    }


def first_offset(origin: Origin, *, replayed: bool) -> int:
    """The offset that the record had in the topic where it first stood: what upserts compare."""
    earlier = header_values(origin.headers) if replayed else {}
    return _number(earlier.get(names.HEADER_OFFSET), origin.offset)


def _why(origin: Origin, refusal: Refusal, earlier: Mapping[str, str]) -> Headers:
    spec = refusal.error.spec
    where = (
        earlier.get(names.HEADER_TOPIC, origin.topic),
        earlier.get(names.HEADER_PARTITION, str(origin.partition)),
        str(_number(earlier.get(names.HEADER_OFFSET), origin.offset)),
    )
    attempt = _number(earlier.get(names.HEADER_ATTEMPT), 0) + 1
    values: Sequence[tuple[str, str]] = (
        (names.HEADER_CLASS, spec.error_class),
        (names.HEADER_REASON, refusal.error.reason),
        (names.HEADER_MESSAGE, refusal.error.message),
        (names.HEADER_ATTEMPT, str(attempt)),
        (names.HEADER_FIRST_AT, earlier.get(names.HEADER_FIRST_AT, str(refusal.at_ms))),
        (names.HEADER_LAST_AT, str(refusal.at_ms)),
        (names.HEADER_TOPIC, where[0]),
        (names.HEADER_PARTITION, where[1]),
        (names.HEADER_OFFSET, where[2]),
        (names.HEADER_CONNECTOR, refusal.sink),
        (names.HEADER_VERSION, refusal.connector_version),
        (names.HEADER_TRACE, header_values(origin.headers).get("traceparent", "")),
        (names.CONNECT_TOPIC, where[0]),
        (names.CONNECT_PARTITION, where[1]),
        (names.CONNECT_OFFSET, where[2]),
        (names.CONNECT_CONNECTOR_NAME, refusal.sink),
        (names.CONNECT_TASK_ID, str(origin.partition)),
        (names.CONNECT_STAGE, refusal.stage),
        (names.CONNECT_CLASS_NAME, refusal.sink),
        (names.CONNECT_EXCEPTION_CLASS_NAME, refusal.error.reason),
        (names.CONNECT_EXCEPTION_MESSAGE, refusal.error.message),
        (names.CONNECT_EXCEPTION_STACKTRACE, ""),
    )
    return [(name, value.encode()) for name, value in values]


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 20 else otherwise  # noqa: PLR2004  64 bits
