"""Which rows a backfill reads again, from the words of its window."""

from collections.abc import Sequence

from router.api import ConnectorError, Reason, Window
from sources.postgres_cdc.catalog import Table
from sources.postgres_cdc.select import Part


def parts(window: Window, tables: Sequence[Table]) -> list[tuple[Table, Part]]:
    """The tables to read, and which part of each. Raises ConnectorError (CONFIG_INVALID).

    A bound is `schema.table` or `schema.table:value`, the value one of the first column of the key. Without bounds, all
    tables are read.
    """
    if window.start is None and window.end is None:
        return [(table, Part()) for table in tables]
    by_name = {table.full_name: table for table in tables}
    first_table, first = _bound(window.start)
    end_table, end = _bound(window.end)
    names = {name for name in (first_table, end_table) if name is not None}
    if len(names) != 1 or not names <= by_name.keys():
        raise _invalid(f"A window is within one of the source's tables, not {', '.join(sorted(names))}.")
    table = by_name[names.pop()]
    if not table.key and (first is not None or end is not None):
        raise _invalid(f"Table {table.full_name} has no key, so that it can only be read as a whole.")
    return [(table, Part(first=first, end=end))]


def _bound(text: str | None) -> tuple[str | None, str | None]:
    if text is None:
        return None, None
    table, colon, value = text.partition(":")
    return table, value if colon else None


def _invalid(message: str) -> ConnectorError:
    return ConnectorError(Reason.CONFIG_INVALID, message, fix="Write `schema.table` or `schema.table:value`.")
