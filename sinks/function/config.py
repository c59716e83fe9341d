"""The settings of the function sink."""

from typing import Annotated

from pydantic import AfterValidator, Field

from router.api import ConnectorConfig
from sinks.function.functions import GROUP, offered


def _installed(name: str) -> str:
    known = offered()
    if name not in known:
        message = f"is no function that an installed package offers in {GROUP}; there are: {', '.join(known) or 'none'}"
        raise ValueError(message)
    return name


class FunctionConfig(ConnectorConfig):
    """Which function, and how it is called."""

    function: Annotated[str, AfterValidator(_installed)] = Field(
        description="The name of an entry point in the group `router.functions`."
    )
    max_in_flight: int = Field(
        16, ge=1, le=1_000, description="How many calls at once in a partition; those of a key one after the other."
    )
    timeout_seconds: float = Field(
        30, gt=0, le=3_600, description="After that long a call is cancelled, and the event is tried again."
    )
