"""What a verified request's body is taken for: one module a format."""

from enum import StrEnum


class FormatName(StrEnum):
    """The formats that an endpoint may have."""

    WEBHOOK = "webhook"
    CLOUDEVENTS = "cloudevents"
    NDJSON = "ndjson"
    JSON_ARRAY = "json_array"
