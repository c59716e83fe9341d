"""Values as Postgres writes them in text."""

import re
from collections.abc import Sequence
from typing import Any

_QUOTED = re.compile(r'(["\\])')


def array_literal(items: Sequence[Any]) -> str:
    """A one-dimensional array, such as `{1,NULL,"a b"}`."""
    return "{" + ",".join([_item(item) for item in items]) + "}"


def _item(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, (int, float)):
        return repr(value)
    return '"' + _QUOTED.sub(r"\\\1", str(value)) + '"'
