"""Where in a record's way something failed, in Kafka Connect's words."""

from enum import StrEnum


class Stage(StrEnum):
    """The values of the header `__connect.errors.stage`."""

    VALUE_CONVERTER = "VALUE_CONVERTER"
    TASK_PUT = "TASK_PUT"
