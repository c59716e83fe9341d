"""What expressions know of a record."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import cel
import orjson

from router.api import Encoded, Record
from router.routing.outline import Outline, prune

_READERS: Mapping[str, Callable[[Record], Any]] = {
    "type": lambda record: record.type,
    "id": lambda record: record.id,
    "subject": lambda record: record.subject,
    "tenant": lambda record: record.tenant,
    "headers": lambda record: dict(record.headers),
}
VARIABLES = frozenset({*_READERS, "source", "data"})


class Facts:
    """One record's variables. Converting them costs more than evaluating, so each is converted once, when read.

    fields: what the expressions look at in the content; the rest of it is left out.
    """

    __slots__ = ("_context", "_fields", "_known", "_record", "_source")

    def __init__(self, source: str, fields: Outline, record: Record) -> None:
        self._source = source
        self._fields = fields
        self._record = record
        self._context = cel.Context()
        self._known: set[str] = set()

    def context(self, names: Sequence[str]) -> cel.Context:
        """The context with at least these variables. Raises ValueError if CEL has no type for a value."""
        for name in names:
            if name not in self._known:
                self._context.add_variable(name, self._read(name))
                self._known.add(name)
        return self._context

    def _read(self, name: str) -> Any:
        if name == "source":
            return self._source
        if name == "data":
            return prune(_content(self._record.data), self._fields)
        return _READERS[name](self._record)


def _content(data: Any) -> Any:
    """What rules see of the content: parsed JSON, a mapping as it is, or nothing. The record itself is untouched."""
    if isinstance(data, Encoded):
        return dict(data)
    if not isinstance(data, bytes):
        return data
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
