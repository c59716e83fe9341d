"""Every type of Postgres, captured by the source and written by the Postgres sink, keeps its values."""

from collections.abc import AsyncIterator, Callable

import pytest

from router.dev.endpoints import Endpoints
from tests.integration.change_capture import CommittedLog, Origin, differences, replicate, running


@pytest.fixture
async def origin(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Origin]:
    origin = Origin(endpoints, unique())
    yield origin
    await origin.drop()


TYPES: dict[str, tuple[str, ...]] = {
    "boolean": ("true", "false"),
    "smallint": ("-32768", "32767"),
    "integer": ("-2147483648", "2147483647"),
    "bigint": ("-9223372036854775808", "9223372036854775807"),
    "real": ("0.1", "3.4028235e38", "1e-45", "NaN", "-Infinity", "-0"),
    "double precision": ("0.1", "1.7976931348623157e308", "5e-324", "NaN", "Infinity", "-0"),
    "numeric": ("0", "NaN", "Infinity", "1" * 100 + "." + "9" * 100, "-0.000", "1.50"),
    "numeric(10,2)": ("0.00", "-99999999.99", "NaN", "0.10"),
    "numeric(5)": ("99999", "-1"),
    "numeric(3,-2)": ("99900", "-100"),
    "numeric(3,5)": ("0.00999",),
    "numeric(100,50)": ("-" + "1" * 50 + "." + "2" * 50,),
    "text": ("", "tab\tnewline\nback\\slash 'quote' \"double\"", "Grüße 🎉", "\\N", "x" * 10_000),
    "character varying(10)": ("", "0123456789", "äöü"),
    "character(5)": ("a", "abcde"),
    "name": ("a_name",),
    '"char"': ("x",),
    "bytea": ("\\x", "\\x00ff5c0a09"),
    "date": ("2026-11-23", "0001-01-01", "9999-12-31", "10000-01-01", "0044-03-15 BC", "infinity", "-infinity"),
    "time": ("00:00", "23:59:59.999999", "24:00", "12:34:56.7"),
    "time(3)": ("12:34:56.789",),
    "time with time zone": ("23:59:59.999999+14", "00:00-15:59:59"),
    "timestamp": (
        "2026-11-23 10:00:00.000001",
        "1969-12-31 23:59:59.999999",
        "infinity",
        "4713-01-01 BC",
        "294276-12-31",
    ),
    "timestamp with time zone": (
        "2026-11-23 10:00:00.5+05:30",
        "0001-01-01",
        "9999-12-31 23:59:59.999999+00",
        "-infinity",
    ),
    "timestamp(0)": ("2026-11-23 10:00:00",),
    "interval": ("1 year 2 mons -3 days 04:05:06.789", "-00:00:01", "0", "infinity"),
    "interval day to second(3)": ("3 days 04:05:06.789",),
    "uuid": ("00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    "json": ('{"b": 1,  "a":1.0e2, "b": "\\n é"}', "null"),
    "jsonb": ('{"a": 12345678901234567890.123, "b": [null, "\\\\"]}', '"x"'),
    "inet": ("192.168.0.1/24", "::1", "10.0.0.1"),
    "cidr": ("10.0.0.0/8",),
    "macaddr": ("08:00:2b:01:02:03",),
    "macaddr8": ("08:00:2b:01:02:03:04:05",),
    "bit(3)": ("101",),
    "bit varying": ("", "10101"),
    "money": ("-12345.67",),
    "oid": ("4294967295",),
    "point": ("(1.5,-2)",),
    "box": ("(1,1),(0,0)",),
    "path": ("((0,0),(1,1))",),
    "polygon": ("((0,0),(1,1),(1,0))",),
    "circle": ("<(0,0),2>",),
    "line": ("{1,2,3}",),
    "lseg": ("[(0,0),(1,1)]",),
    "int4range": ("empty", "[1,5)", "(,)"),
    "tstzrange": ('["2026-01-01 00:00:00+00",)',),
    "int4multirange": ("{[1,2),[5,6)}",),
    "tsvector": ("'a':1 'b c':2",),
    "tsquery": ("'a' & 'b'",),
    "pg_lsn": ("16/B374D848",),
    "integer[]": ("{}", "{1,NULL,-3}", "{{1,2},{3,4}}", "[0:1]={1,2}"),
    "bigint[]": ("{9223372036854775807}",),
    "boolean[]": ("{t,f,NULL}",),
    "real[]": ("{0.1,NaN,-Infinity}",),
    "double precision[]": ("{0.1,1e300}",),
    "text[]": ('{"",NULL,"NULL","a b","c,d","{e}","\\"f\\\\","Grüße"}',),
    "character varying(3)[]": ("{abc}",),
    "numeric(10,2)[]": ("{1.50,NaN}",),
    "timestamp with time zone[]": ('{"2026-11-23 10:00:00+00",infinity}',),
    "uuid[]": ("{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",),
    "jsonb[]": ('{"{\\"a\\": 1}"}',),
    "bytea[]": ('{"\\\\x00ff"}',),
    "box[]": ("{(1,1),(0,0);(2,2),(1,1)}",),
    "int2vector": ("1 2 3",),
    "mood": ("sad", "ok, fine"),
    "mood[]": ('{sad,"ok, fine",NULL}',),
    "cents": ("12.34",),
    "cents[]": ("{12.34}",),
    "pair": ('(1,"a b")',),
}


async def test_every_type_is_replicated_with_its_edge_values_from_the_snapshot_and_from_the_log(
    origin: Origin, endpoints: Endpoints
) -> None:
    origin.run("CREATE TYPE mood AS ENUM ('sad', 'ok, fine')")
    origin.run("CREATE DOMAIN cents AS numeric(6,2) CHECK (value >= 0)")
    origin.run("CREATE TYPE pair AS (a int, b text)")
    names = [f"c{number}" for number in range(len(TYPES))]
    definitions = ", ".join([f"{name} {kind}" for name, kind in zip(names, TYPES, strict=True)])
    origin.run(f"CREATE TABLE origin (id int PRIMARY KEY, {definitions})")
    most = max(map(len, TYPES.values()))
    rows: list[list[str | None]] = [[edges[number % len(edges)] for edges in TYPES.values()] for number in range(most)]
    rows.append([None for _ in TYPES])
    insert = f"INSERT INTO origin VALUES (%s, {', '.join(['%s'] * len(TYPES))})"  # noqa: S608  placeholders
    for number, row in enumerate(rows):
        origin.run(insert, number, *row)
    log = CommittedLog()

    async with running(origin.config("origin"), log) as run:
        await run.streams()
        for number, row in enumerate(rows):
            origin.run(insert, 100 + number, *row)
        await run.until(lambda: len(log.records) == 2 * len(rows))

    await replicate(origin, endpoints, log, ["id"], 5000)
    for name, kind in zip(names, TYPES, strict=True):
        found = differences(origin, f"id, {name}::text")
        assert found == [], (kind, found)
    found_types, wanted_types = column_types(origin, "replica"), column_types(origin, "origin")
    for name, kind in wanted_types.items():
        assert found_types[name] == NEAREST.get(kind, kind)


NEAREST = {"mood": "text", "mood[]": "text[]", "pair": "text", "cents": "numeric(6,2)", "cents[]": "numeric(6,2)[]"}
"""What a type that only the origin has becomes."""


def column_types(origin: Origin, table: str) -> dict[str, str]:
    """The type of each column by its name."""
    query = "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attnum > 0 AND attrelid = %s"
    return dict(origin.run(f"{query}::regclass", table))
