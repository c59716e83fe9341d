"""The settings of a stream's cursor: by which value of its records an API is asked for what is new."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from router.api import ConnectorConfig
from sources.http_poll.selector import Expression

Parameter = Annotated[str, Field(min_length=1, max_length=128)]
TimeFormat = Literal["iso8601", "epoch_seconds", "epoch_millis"]


class NoCursor(ConnectorConfig):
    """Every run reads everything."""

    kind: Literal["none"] = "none"


class _Cursor(ConnectorConfig):
    selector: Expression = Field(description="Where the value stands in a record.")
    param: Parameter | None = Field(None, description="The parameter for the value to begin with.")
    until_param: Parameter | None = Field(None, description="The parameter for the value to end before (backfills).")
    ordered: bool = Field(False, description="The API sends records by this value, ascending.")


class TimeCursor(_Cursor):
    """A time, such as when a record was changed."""

    kind: Literal["time"]
    format: TimeFormat = Field("iso8601", description="How times are written, in requests and as numbers in records.")
    start: datetime | None = Field(None, description="Where the very first run begins; default: the beginning.")
    lookback_seconds: float = Field(
        60,
        ge=0,
        le=31_536_000,
        description="How far before the newest value each run begins, for records that come late.",
    )


class NumberCursor(_Cursor):
    """A number that grows."""

    kind: Literal["number"]
    start: int | None = Field(None, description="Where the very first run begins; default: the beginning.")
    lookback: int = Field(0, ge=0, description="How far before the greatest value each run begins.")


Cursor = Annotated[NoCursor | TimeCursor | NumberCursor, Field(discriminator="kind")]
