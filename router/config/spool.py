"""The settings of the ingress's spool: where accepted events wait while the brokers are away."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class SpoolMode(StrEnum):
    """Whether an endpoint's events may wait on the local disk."""

    OFF = "off"
    ON = "on"
    REQUIRED = "required"


class SpoolSettings(BaseModel):
    """The spool of the whole port; with several processes each has its share."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    directory: str = Field(min_length=1, description="Where the events are kept; of no other ingress, and not shared.")
    max_bytes: int = Field(1_073_741_824, ge=1_048_576, description="When the spool is full, and answers are 503.")
    max_keys: int = Field(
        100_000, ge=1, le=10_000_000, description="Keys whose order is kept apart; beyond, every event is spooled."
    )
    ack_timeout_seconds: float = Field(
        2, gt=0, le=60, description="After how long without an acknowledgement of the brokers an event is spooled."
    )
