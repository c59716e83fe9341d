"""The settings of a stream: which rows, and by which column they are found to be new."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from router.api import ConnectorConfig

Column = Annotated[str, StringConstraints(pattern=r"^[^\x00]{1,128}$")]


class _Rows(ConnectorConfig):
    table: str | None = Field(
        None, pattern=r"^([^.\x00]{1,128}\.)?[^.\x00]{1,128}$", description="The table, as `table` or `schema.table`."
    )
    query: str | None = Field(
        None, min_length=1, max_length=65_536, description="A SELECT without a semicolon, instead of a table."
    )
    key: tuple[Column, ...] = Field(
        (), max_length=16, description="The columns that identify a row; default: the table's primary key."
    )
    type: str | None = Field(None, min_length=1, max_length=128, description="The events' type; default: the stream.")

    @model_validator(mode="after")
    def _table_or_query(self) -> Self:
        if (self.table is None) is (self.query is None):
            message = "give either `table` or `query`"
            raise ValueError(message)
        return self


class _Timed(_Rows):
    timestamp_column: Column = Field(description="The column that is set whenever a row is written.")
    delay_seconds: float = Field(
        5, ge=0, le=86_400, description="How old a row must be, so that earlier ones have been committed by then."
    )
    lookback_seconds: float = Field(
        0, ge=0, le=31_536_000, description="How far before the newest time each run begins, for rows that come late."
    )
    start: datetime | None = Field(None, description="Where the very first run begins; default: the beginning.")


class Incrementing(_Rows):
    """Rows are new if their number, or text, is greater than any that was read."""

    mode: Literal["incrementing"]
    incrementing_column: Column = Field(description="The column that grows with every new row.")
    lookback: int = Field(0, ge=0, description="How far before the greatest number each run begins.")
    start: int | None = Field(None, description="The number from which on the very first run reads.")

    @property
    def order(self) -> tuple[str, ...]:
        """The columns by which rows are read."""
        return (self.incrementing_column,)


class Timestamp(_Timed):
    """Rows are new if their time is later than any that was read."""

    mode: Literal["timestamp"]

    @property
    def order(self) -> tuple[str, ...]:
        """The columns by which rows are read."""
        return (self.timestamp_column,)


class TimestampIncrementing(_Timed):
    """As timestamp, and rows of the same time are told apart by a number."""

    mode: Literal["timestamp+incrementing"]
    incrementing_column: Column = Field(description="A column that no two rows of the same time have the same of.")

    @property
    def order(self) -> tuple[str, ...]:
        """The columns by which rows are read."""
        return (self.timestamp_column, self.incrementing_column)


StreamConfig = Annotated[Incrementing | Timestamp | TimestampIncrementing, Field(discriminator="mode")]
