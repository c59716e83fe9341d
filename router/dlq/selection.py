"""Which dead letters are meant, as people say it and as SQL has it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Self

OPEN = "letters.resolution IS NULL AND letters.copy = 0"
"""The condition that all open letters fulfil, and for which there are indexes."""


_Condition = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which open letters are meant; None: whichever.

    reason: a reason or a class. message: a part of it. since and until compare with the last refusal, until excluded.
    id: `partition:offset` of one letter. attempts: those refused at most so often; those beyond are parked.
    has_value: whether the value is there, or was too large. ends: by partition, letters before this offset only.
    """

    reason: str | None = None
    key: bytes | None = None
    type: str | None = None
    tenant: str | None = None
    event_id: str | None = None
    message: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    id: str | None = None
    attempts: int | None = None
    has_value: bool | None = None
    ends: Mapping[int, int] | None = None

    def sql(self) -> tuple[str, list[Any]]:
        """The condition on the tables `letters` and `causes` beside `OPEN`, and its parameters."""
        given = [*self._equalities(), *self._bounds()]
        condition = " AND ".join([text for text, _ in given]) or "1"
        return condition, [value for _, values in given for value in values]

    def before(self, ends: Mapping[int, int]) -> "Filter":
        """The same letters, but none from the ends on."""
        return replace(self, ends=dict(ends))

    def document(self) -> dict[str, Any]:
        """What JSON can say of it."""
        told = {name: value for name, value in asdict(self).items() if value is not None}
        for name in ("since", "until"):
            if name in told:
                told[name] = told[name].isoformat()
        if self.key is not None:
            told["key"] = self.key.hex()
        if self.ends is not None:
            told["ends"] = {str(partition): end for partition, end in sorted(self.ends.items())}
        return told

    @classmethod
    def parse(cls, told: Mapping[str, Any]) -> Self:
        """The filter of its document."""
        values = dict(told)
        for name in ("since", "until"):
            if name in values:
                values[name] = datetime.fromisoformat(values[name])
        if "key" in values:
            values["key"] = bytes.fromhex(values["key"])
        if "ends" in values:
            values["ends"] = {int(partition): end for partition, end in values["ends"].items()}
        return cls(**values)

    def _equalities(self) -> Iterator[_Condition]:
        if self.reason is not None:
            yield "? IN (causes.reason, causes.error_class)", [self.reason]
        for column, value in (
            ("letters.key", self.key),
            ("causes.event_type", self.type),
            ("causes.tenant", self.tenant),
            ("letters.event_id", self.event_id),
            ("letters.partition || ':' || letters.offset", self.id),
        ):
            if value is not None:
                yield f"{column} = ?", [value]
        if self.message is not None:
            yield "instr(letters.message, ?) > 0", [self.message]
        if self.has_value is not None:
            yield f"letters.missing_bytes IS {'NULL' if self.has_value else 'NOT NULL'}", []

    def _bounds(self) -> Iterator[_Condition]:
        if self.since is not None:
            yield "letters.at >= ?", [_ms(self.since)]
        if self.until is not None:
            yield "letters.at < ?", [_ms(self.until)]
        if self.attempts is not None:
            yield "letters.attempt <= ?", [self.attempts]
        if self.ends is not None:
            either = ["letters.partition = ? AND letters.offset < ?"] * len(self.ends)
            yield f"({' OR '.join(either) or '0'})", [number for pair in self.ends.items() for number in pair]


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
