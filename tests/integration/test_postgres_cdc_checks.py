"""What is found out about a database before anything is captured from it, and how it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from router.api import Reason
from router.dev.endpoints import HOST, Endpoints, Ports
from router.dev.postgres import DATABASE, USER, Postgres
from router.dev.server import run_as
from sources.postgres_cdc import connector
from sources.postgres_cdc.config import PostgresCdcConfig
from tests.integration.change_capture import Origin, until
from tests.integration.postgres_sinks import failure
from tests.unit.sinks.examples import secret


@pytest.fixture
async def origin(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Origin]:
    origin = Origin(endpoints, unique())
    yield origin
    await origin.drop()


async def test_discovery_tells_schema_key_and_estimate(origin: Origin) -> None:
    origin.run("CREATE TABLE t (b int, a text, PRIMARY KEY (a, b))")
    origin.run("INSERT INTO t SELECT g, 'a' FROM generate_series(1, 100) g")
    origin.run("ANALYZE t")
    origin.run("CREATE TABLE u (id int)")

    first, second = await connector.discover(origin.config("t", "u"))

    assert (first.name, first.key, first.estimated_records) == (f"{origin.name}.t", ("a", "b"), 100)
    assert (second.key, second.estimated_records) == ((), None)
    assert first.schema is not None
    assert first.schema.avro["connectors.key"] == ["a", "b"]


async def test_a_check_finds_nothing_to_complain_of_and_changes_nothing(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY)")

    await connector.check(origin.config("t"))

    assert origin.run("SELECT 1 FROM pg_publication WHERE pubname = %s", origin.name) == []
    assert origin.run("SELECT 1 FROM pg_replication_slots WHERE slot_name = %s", origin.name) == []


CHECKS: list[tuple[str, dict[str, Any], Reason, str]] = [
    ("", {}, Reason.CONFIG_INVALID, "has no table"),
    ("CREATE VIEW t AS SELECT 1 AS id", {}, Reason.CONFIG_INVALID, "has no table"),
    ("CREATE TABLE t (id int)", {}, Reason.CONFIG_INVALID, "REPLICA IDENTITY"),
    (
        "CREATE TABLE t (id int PRIMARY KEY)",
        {"user": "nobody_here"},
        Reason.CREDENTIAL_REFUSED,
        "authentication failed",
    ),
    ("CREATE TABLE t (id int PRIMARY KEY)", {"database": "no_such"}, Reason.TARGET_MISSING, "does not exist"),
    ("CREATE TABLE t (id int PRIMARY KEY)", {"port": 1}, Reason.TARGET_UNREACHABLE, "refused"),
    (
        "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY); CREATE PUBLICATION {} FOR TABLE u",
        {},
        Reason.CONFIG_INVALID,
        "lacks",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION {} FOR TABLE t WITH (publish = 'insert')",
        {},
        Reason.CONFIG_INVALID,
        "leaves out",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a int); CREATE PUBLICATION {} FOR TABLE t (id)",
        {},
        Reason.CONFIG_INVALID,
        "some rows or columns",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION {} FOR TABLE t WHERE (id > 5)",
        {},
        Reason.CONFIG_INVALID,
        "some rows or columns",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY); SELECT pg_create_physical_replication_slot('{}')",
        {},
        Reason.CONFIG_INVALID,
        "not one of pgoutput",
    ),
]


@pytest.mark.parametrize(("statements", "changes", "expected", "told"), CHECKS)
async def test_what_is_in_the_way_is_told_with_its_reason(
    origin: Origin, statements: str, changes: dict[str, Any], expected: Reason, told: str
) -> None:
    for statement in filter(None, statements.format(origin.name).split("; ")):
        origin.run(statement)

    error = await failure(connector.check(origin.config("t", **changes)))

    assert (error.reason, told in str(error)) == (expected, True), error


@pytest.mark.parametrize(
    ("attributes", "granted", "told"),
    [("LOGIN REPLICATION", False, "may not read"), ("LOGIN", True, "replication")],
)
async def test_a_role_without_the_rights_is_told_which(
    origin: Origin, endpoints: Endpoints, attributes: str, granted: bool, told: str
) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY)")
    origin.run(f"CREATE ROLE {origin.name} {attributes} PASSWORD '{endpoints.postgres_password}'")
    if granted:
        origin.run(f"GRANT USAGE ON SCHEMA {origin.name} TO {origin.name}")
        origin.run(f"GRANT SELECT ON t TO {origin.name}")

    error = await failure(connector.check(origin.config("t", user=origin.name)))

    origin.run(f"DROP OWNED BY {origin.name}")
    origin.run(f"DROP ROLE {origin.name}")
    assert (error.reason, told in str(error).lower(), bool(error.fix)) == (Reason.PERMISSION_DENIED, True, True), error


def test_an_address_of_version_6_is_written_in_brackets(origin: Origin) -> None:
    config: PostgresCdcConfig = origin.config("t", host="::1", port=5)

    assert connector.hosts(config) == ("[::1]:5",)


def test_no_secret_is_in_what_the_configuration_shows_of_itself(origin: Origin, endpoints: Endpoints) -> None:
    config = origin.config("t")

    assert endpoints.postgres_password not in repr(config) + config.model_dump_json()


@pytest.fixture
async def physical(tmp_path: Path, choose_ports: Callable[[], Ports]) -> AsyncIterator[tuple[Postgres, int]]:
    """A server whose log is not made for decoding, and its port."""
    ports = choose_ports()
    recipe = Postgres(tmp_path, ports)
    launch = await asyncio.to_thread(recipe.prepare)
    command = [*launch.command, "-c", "wal_level=replica"]
    process = await asyncio.create_subprocess_exec(
        *command, stderr=asyncio.subprocess.DEVNULL, cwd="/", **run_as(launch.account)
    )
    await until(recipe.is_ready)
    yield recipe, ports.postgres
    process.send_signal(launch.stop_signal)
    await process.wait()


async def test_a_server_that_does_not_log_for_decoding_is_told_how_to(physical: tuple[Postgres, int]) -> None:
    recipe, port = physical
    with psycopg.connect(
        host=HOST, port=port, user=USER, password=recipe.password, dbname=DATABASE, autocommit=True
    ) as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
    settings = {
        "host": HOST,
        "port": port,
        "user": USER,
        "password": secret(recipe.password),
        "database": DATABASE,
        "tables": ["public.t"],
        "slot": "s",
    }

    error = await failure(connector.check(PostgresCdcConfig.model_validate(settings)))

    assert error.reason is Reason.CONFIG_INVALID
    assert "wal_level is replica" in error.message
    assert "ALTER SYSTEM SET wal_level = logical" in (error.fix or "")
