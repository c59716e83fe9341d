"""Decoded Avro values as JSON."""

from base64 import b64encode
from decimal import Decimal
from typing import Any

import orjson


def to_json(value: Any) -> bytes:
    """The JSON text. Raises TypeError where there is none.

    Decimals become strings, bytes base64, dates and times RFC 3339; NaN and infinity, which JSON lacks, null.
    """
    return orjson.dumps(value, _plain)


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError
