"""What a topic takes, by its settings.

https://kafka.apache.org/documentation/#topicconfigs
"""

from collections.abc import Mapping
from typing import NamedTuple


class Limits(NamedTuple):
    """largest: of a batch of records, in bytes. kept_ms: how old a record may be; None: of any age."""

    largest: int
    kept_ms: int | None


def limits(settings: Mapping[str, str]) -> Limits:
    """The limits that a topic's settings set."""
    ages = [int(settings.get("message.timestamp.before.max.ms", "-1"))]
    if "delete" in settings["cleanup.policy"]:
        ages.append(int(settings["retention.ms"]))
    return Limits(int(settings["max.message.bytes"]), min([age for age in ages if age >= 0], default=None))
