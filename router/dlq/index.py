"""The index of a dead-letter topic: every letter's metadata in a local SQLite file, so that no list reads the topic.

It holds nothing that the topic does not have, and may be deleted at any time: it is made anew.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from router.dlq.letters import Letter, Place, letter_of
from router.dlq.markers import Marker, Outcome, Resolution, marker_of
from router.dlq.selection import OPEN, Filter
from router.kafka.consumer import Consumed

_VERSION = 1
_SCHEMA = """
CREATE TABLE progress (partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);
CREATE TABLE causes (
    id INTEGER PRIMARY KEY, error_class TEXT, reason TEXT, stage TEXT, shape TEXT, event_type TEXT, tenant TEXT,
    UNIQUE (reason, shape, event_type, stage, tenant, error_class));
CREATE TABLE topics (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE resolutions (id INTEGER PRIMARY KEY, outcome TEXT, who TEXT, why TEXT, at INTEGER, plan TEXT);
CREATE TABLE letters (
    partition INTEGER, offset INTEGER, cause INTEGER NOT NULL, message TEXT, attempt INTEGER, first_at INTEGER,
    at INTEGER, topic INTEGER, origin_partition INTEGER, origin_offset INTEGER, key BLOB, event_id TEXT, trace TEXT,
    size INTEGER, missing_bytes INTEGER, copy INTEGER NOT NULL DEFAULT 0, resolution INTEGER,
    PRIMARY KEY (partition, offset)) WITHOUT ROWID;
CREATE INDEX letters_open ON letters (cause, attempt, at) WHERE resolution IS NULL AND copy = 0;
CREATE INDEX letters_open_at ON letters (at) WHERE resolution IS NULL AND copy = 0;
CREATE INDEX letters_key ON letters (key);
CREATE INDEX letters_event ON letters (event_id);
CREATE INDEX letters_origin ON letters (topic, origin_partition, origin_offset, attempt);
"""
_LETTERS = """
FROM letters JOIN causes ON causes.id = letters.cause LEFT JOIN topics ON topics.id = letters.topic
LEFT JOIN resolutions ON resolutions.id = letters.resolution
"""
_COLUMNS = """
letters.partition, letters.offset, error_class, reason, stage, message, shape, attempt, first_at, letters.at,
topics.name, origin_partition, origin_offset, key, event_id, event_type, tenant, trace, size, missing_bytes,
outcome, who, why, resolutions.at, plan
"""

By = Literal["reason", "error_class", "stage", "shape", "event_type", "tenant"]
"""What open letters can be grouped by."""


class Group(NamedTuple):
    """Open letters that have something in common; recent: of the last hour."""

    value: str
    open: int
    parked: int
    recent: int
    oldest: datetime
    newest: datetime


class Index:
    """One topic's. Not for several threads at once; of several processes one at a time may `add`."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the file, or make it; None: in memory."""
        self._db = sqlite3.connect(path or ":memory:", timeout=30, isolation_level=None)
        if path is not None:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
        if self._db.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
            self._make()
        self._causes: dict[tuple[str, ...], int] = {}
        self._topics: dict[str, int] = {}

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def next_offsets(self) -> dict[int, int]:
        """Where reading goes on, by partition."""
        return dict(self._db.execute("SELECT partition, next_offset FROM progress"))

    def add(self, records: Iterable[Consumed]) -> None:
        """Take the next records of the topic, in order, all or none of them."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            ends: dict[int, int] = {}
            for record in records:
                ends[record.partition] = record.offset + 1
                found = marker_of(record)
                if found is None:
                    self._insert(letter_of(record))
                else:
                    self._resolve(found)
            self._db.executemany("INSERT OR REPLACE INTO progress VALUES (?, ?)", ends.items())
        except BaseException:
            self._db.execute("ROLLBACK")
            self._causes.clear()
            self._topics.clear()
            raise
        self._db.execute("COMMIT")

    def reached(self, ends: Mapping[int, int]) -> None:
        """Everything before these offsets has been added, also where transactions left gaps."""
        self._db.executemany("INSERT OR REPLACE INTO progress VALUES (?, ?)", ends.items())

    def forget_before(self, beginnings: Mapping[int, int]) -> None:
        """Forget the letters that the topic no longer has."""
        for partition, offset in beginnings.items():
            self._db.execute("DELETE FROM letters WHERE partition = ? AND offset < ?", (partition, offset))

    def count(self, wanted: Filter) -> int:
        """How many open letters are meant."""
        condition, values = wanted.sql()
        found = self._db.execute(f"SELECT count(*) {_LETTERS} WHERE {OPEN} AND {condition}", values)
        return int(found.fetchone()[0])

    def letters(self, wanted: Filter, limit: int = -1) -> list[Letter]:
        """The open letters that are meant, the longest dead first; limit: at most so many."""
        condition, values = wanted.sql()
        return self._select(f"WHERE {OPEN} AND {condition} ORDER BY letters.at LIMIT ?", [*values, limit])

    def in_order(self, wanted: Filter, plan: str = "") -> Iterator[Letter]:
        """The letters that are meant as they stand in the topic; those that the plan has resolved, too."""
        condition, values = wanted.sql()
        which = f"WHERE letters.copy = 0 AND (letters.resolution IS NULL OR plan = ?) AND {condition}"
        rows = self._db.execute(
            f"SELECT {_COLUMNS} {_LETTERS} {which} ORDER BY letters.partition, letters.offset", [plan or None, *values]
        )
        return (_letter(row) for row in rows)

    def places(self, wanted: Filter) -> tuple[list[Place], list[Place]]:
        """Where the open letters that are meant stand: in the order of the topic, and those for which that is wrong.

        The latter are of keys whose letters stand in another order than their records first did, as happens when an
        earlier one was refused again; they are given one key after the other, in the order of their records.
        """
        condition, values = wanted.sql()
        meant = f"""SELECT letters.partition, letters.offset, key, topic, origin_partition, origin_offset
            FROM letters JOIN causes ON causes.id = cause WHERE {OPEN} AND {condition}"""  # noqa: S608  of constants
        mixed = f"""SELECT DISTINCT key FROM (SELECT key, (topic, origin_partition, origin_offset) < (
            lag(topic) OVER same, lag(origin_partition) OVER same, lag(origin_offset) OVER same) AS earlier
            FROM ({meant}) WINDOW same AS (PARTITION BY key ORDER BY partition, offset))
            WHERE earlier AND key IS NOT NULL"""  # noqa: S608  of constants; values are bound
        keys = [key for (key,) in self._db.execute(mixed, values)]
        all_of_them = f"SELECT partition, offset, key FROM ({meant}) ORDER BY 1, 2"  # noqa: S608  of constants
        in_order = self._db.execute(all_of_them, values)
        if not keys:
            return [(partition, offset) for partition, offset, _ in in_order], []
        others = set(keys)
        straight = [(partition, offset) for partition, offset, key in in_order if key not in others]
        self._db.execute("CREATE TEMP TABLE IF NOT EXISTS mixed (key BLOB PRIMARY KEY)")
        self._db.execute("DELETE FROM mixed")
        self._db.executemany("INSERT INTO mixed VALUES (?)", [(key,) for key in keys])
        order = "ORDER BY key, topic, origin_partition, origin_offset, 1, 2"
        rest = f"SELECT partition, offset FROM ({meant}) WHERE key IN mixed {order}"  # noqa: S608  of constants
        return straight, list(self._db.execute(rest, values))

    def groups(self, wanted: Filter, by: By, *, parked_from: int | None = None) -> list[Group]:
        """The open letters that are meant by what they have in common, the most first."""
        condition, values = wanted.sql()
        hour_ago = int((datetime.now(UTC).timestamp() - 3600) * 1000)
        query = f"""SELECT {by}, sum(n), sum(parked), sum(recent), min(first), max(last) FROM (
            SELECT cause, count(*) AS n, sum(attempt >= ?) AS parked, sum(at >= ?) AS recent, min(at) AS first,
            max(at) AS last FROM letters JOIN causes ON causes.id = cause WHERE {OPEN} AND {condition} GROUP BY cause)
            JOIN causes ON causes.id = cause GROUP BY {by} ORDER BY 2 DESC, 1"""  # noqa: S608  see `places`
        rows = self._db.execute(query, [1 << 62 if parked_from is None else parked_from, hour_ago, *values])
        return [
            Group(value, n, parked, recent, _time(first), _time(last)) for value, n, parked, recent, first, last in rows
        ]

    def history(self, letter: Letter) -> list[Letter]:
        """All refusals of the same record, the first one first."""
        if not letter.topic:
            return [letter]
        return self._select(
            "WHERE topics.name = ? AND origin_partition = ? AND origin_offset = ? AND copy = 0 ORDER BY attempt",
            [letter.topic, letter.partition, letter.offset],
        )

    def of_event(self, event_id: str) -> list[Letter]:
        """All letters of an event, whatever has become of them."""
        return self._select("WHERE event_id = ? AND copy = 0 ORDER BY letters.at", [event_id])

    def at(self, place: Place) -> Letter | None:
        """The letter at a place, whatever has become of it."""
        found = self._select("WHERE letters.partition = ? AND letters.offset = ?", list(place))
        return found[0] if found else None

    def neighbours(self, letter: Letter) -> list[Letter]:
        """The other open letters of the same key, in the order in which their records stood."""
        if letter.key is None:
            return []
        others = self._select(
            f"WHERE {OPEN} AND key = ? ORDER BY topics.name, origin_partition, origin_offset", [letter.key]
        )
        return [other for other in others if other.place != letter.place]

    def count_of_same_keys(self, wanted: Filter) -> int:
        """How many open letters have a key of those that are meant, and are not meant themselves."""
        condition, values = wanted.sql()
        joined = f"FROM letters JOIN causes ON causes.id = letters.cause WHERE {OPEN}"
        found = self._db.execute(
            f"WITH meant AS (SELECT DISTINCT key {joined} AND key IS NOT NULL AND {condition})"
            f" SELECT count(*) {joined} AND key IN meant AND NOT ({condition})",
            [*values, *values],
        )
        return int(found.fetchone()[0])

    def resolved(self, since: datetime | None = None) -> Mapping[Outcome, int]:
        """How many letters have been resolved, and how."""
        rows = self._db.execute(
            "SELECT outcome, count(*) FROM letters JOIN resolutions ON resolutions.id = resolution"
            " WHERE copy = 0 AND resolutions.at >= ? GROUP BY outcome",
            [0 if since is None else int(since.timestamp() * 1000)],
        )
        return {Outcome(outcome): count for outcome, count in rows}

    def _make(self) -> None:
        """Make the tables, in place of those of another version."""
        self._db.execute("BEGIN IMMEDIATE")
        for name, kind in self._db.execute(
            "SELECT name, type FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
        ).fetchall():
            if kind == "table":
                self._db.execute(f"DROP TABLE {name}")
        for statement in re.split(r";\s*", _SCHEMA):
            self._db.execute(statement)
        self._db.execute(f"PRAGMA user_version = {_VERSION}")
        self._db.execute("COMMIT")

    def _insert(self, letter: Letter) -> None:
        topic = self._topic(letter.topic) if letter.topic else None
        origin = (topic, letter.partition, letter.offset)
        is_copy = topic is not None and self._is_known((*origin, letter.attempt))
        self._db.execute(
            "INSERT OR REPLACE INTO letters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                *letter.place,
                self._cause(letter),
                letter.message,
                letter.attempt,
                None if letter.first_at is None else _ms(letter.first_at),
                _ms(letter.last_at),
                *origin,
                letter.key,
                letter.event_id,
                letter.trace,
                letter.size,
                letter.missing_bytes,
                is_copy,
            ),
        )

    def _is_known(self, refusal: tuple[int | None, int, int, int]) -> bool:
        """Whether the same refusal stands there already, and is open."""
        found = self._db.execute(
            "SELECT 1 FROM letters WHERE resolution IS NULL AND copy = 0 AND topic = ? AND origin_partition = ?"
            " AND origin_offset = ? AND attempt = ?",
            refusal,
        )
        return found.fetchone() is not None

    def _resolve(self, found: Marker) -> None:
        told = found.resolution
        number = self._db.execute(
            "INSERT INTO resolutions (outcome, who, why, at, plan) VALUES (?, ?, ?, ?, ?)",
            (told.outcome, told.who, told.why, _ms(told.at), told.plan),
        ).lastrowid
        self._db.executemany(
            "UPDATE letters SET resolution = ? WHERE partition = ? AND offset BETWEEN ? AND ? AND resolution IS NULL",
            [(number, found.partition, first, last) for first, last in found.spans],
        )

    def _cause(self, letter: Letter) -> int:
        values = (letter.error_class, letter.reason, letter.stage, letter.shape, letter.event_type, letter.tenant)
        if values not in self._causes:
            self._db.execute(
                "INSERT OR IGNORE INTO causes (error_class, reason, stage, shape, event_type, tenant)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
            found = self._db.execute(
                "SELECT id FROM causes WHERE error_class = ? AND reason = ? AND stage = ? AND shape = ?"
                " AND event_type = ? AND tenant = ?",
                values,
            )
            self._causes[values] = found.fetchone()[0]
        return self._causes[values]

    def _topic(self, name: str) -> int:
        if name not in self._topics:
            self._db.execute("INSERT OR IGNORE INTO topics (name) VALUES (?)", (name,))
            self._topics[name] = self._db.execute("SELECT id FROM topics WHERE name = ?", (name,)).fetchone()[0]
        return self._topics[name]

    def _select(self, which: str, values: Sequence[Any]) -> list[Letter]:
        return [_letter(row) for row in self._db.execute(f"SELECT {_COLUMNS} {_LETTERS} {which}", values)]


def fold(records: Iterable[Consumed]) -> list[Letter]:
    """The open letters among a topic's records, the longest dead first."""
    index = Index()
    try:
        index.add(records)
        return index.letters(Filter())
    finally:
        index.close()


def _letter(row: Sequence[Any]) -> Letter:
    told: list[Any] = [*row[2:20]]
    told[6] = None if told[6] is None else _time(told[6])
    told[7] = _time(told[7])
    told[8] = told[8] or ""
    outcome, who, why, at, plan = row[20:]
    told.append(None if outcome is None else Resolution(Outcome(outcome), who, why, _time(at), plan))
    return Letter((row[0], row[1]), *told)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
