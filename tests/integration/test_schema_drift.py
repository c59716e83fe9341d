"""What happens when the data's schema is not the topic's, on the real registry and broker."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from router.api import ConnectorError, Reason, Record, Schema, Stream
from router.cli.app import run
from router.config.models import Drift, Route
from router.delivery.dead_letter import header_values
from router.dev.endpoints import Endpoints
from router.envelope.registry import Registry
from router.fetching.streams import StreamStore
from router.fetching.task import SourceTask
from router.testing import Emits, NoSettings, ScriptedSource, scripted_connector
from tests.integration.fetching import SOURCE, Bench, Watch, bench, running
from tests.integration.pipeline import until


def row(*fields: tuple[str, object]) -> Schema:
    return Schema({"type": "record", "name": "Row", "fields": [{"name": name, "type": kind} for name, kind in fields]})


OLD = row(("id", "long"))
WIDER = Schema(
    {**OLD.avro, "fields": [*OLD.avro["fields"], {"name": "note", "type": ["null", "string"], "default": None}]}
)
BROKEN = row(("id", "string"))


@pytest.fixture
async def made(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Bench]:
    async with bench(endpoints, unique()) as one:
        yield one


def record(number: int, schema: Schema) -> Record:
    value = str(number) if schema is BROKEN else number
    return Record(f"r{number}", "row", {"id": value}, subject="all", schema=schema)


def task(made: Bench, source: ScriptedSource, watch: Watch, drift: Drift, *streams: Stream) -> SourceTask:
    settings = replace(made.settings(), routes=(Route(topic=made.topic, drift=drift),))
    return SourceTask(settings, scripted_connector(source, streams), NoSettings(), made.registry, watch)


async def published(made: Bench) -> list[str]:
    return [header_values(message.headers)["ce_id"] for message in await made.committed()]


async def test_a_compatible_schema_is_propagated(made: Bench) -> None:
    watch, source = Watch(), ScriptedSource([Emits([record(1, OLD)]), Emits([record(2, WIDER)])])

    async with running(task(made, source, watch, Drift.PROPAGATE)) as (run_,):
        await until(lambda: len(watch.emissions) == 2, run_)

    latest = await made.registry.latest(made.topic)
    assert await published(made) == ["r1", "r2"]
    assert latest is not None
    assert (latest.version, [field["name"] for field in (latest.data or OLD).avro["fields"]]) == (2, ["id", "note"])


async def test_an_incompatible_schema_is_refused_by_a_registry_that_had_no_rule(made: Bench) -> None:
    watch, source = Watch(), ScriptedSource([Emits([record(1, OLD)]), Emits([record(2, BROKEN), record(3, OLD)])])

    async with running(task(made, source, watch, Drift.PROPAGATE)) as (run_,):
        await until(lambda: len(watch.emissions) == 2, run_)

    assert await published(made) == ["r1", "r3"]
    assert watch.emissions[1].dead == (Reason.SCHEMA_REJECTED,)


async def test_frozen_drift_goes_to_the_sources_dead_letters(made: Bench) -> None:
    watch, source = Watch(), ScriptedSource([Emits([record(1, OLD)]), Emits([record(2, WIDER), record(3, OLD)])])

    async with running(task(made, source, watch, Drift.FREEZE)) as (run_,):
        await until(lambda: len(watch.emissions) == 2, run_)

    (letter,) = await made.committed(made.dead_letters)
    assert await published(made) == ["r1", "r3"]
    assert watch.emissions[1].dead == (Reason.SCHEMA_FROZEN,)
    assert json.loads(letter.value or b"")["data"] == {"id": 2}


async def test_paused_drift_waits_until_the_schema_is_accepted_and_loses_nothing(made: Bench) -> None:
    steps = [Emits([record(1, OLD)])] + [Emits([record(2, WIDER)])] * 20
    watch, source = Watch(), ScriptedSource(steps)

    async with running(task(made, source, watch, Drift.PAUSE)) as (run_,):
        await until(lambda: Reason.SCHEMA_PAUSED in watch.failures, run_)
        assert await published(made) == ["r1"]
        with Registry(made.endpoints.registry_url) as person:
            await person.encoder(made.topic, WIDER)
        await until(lambda: len(watch.emissions) >= 2, run_)

    assert (await published(made))[:2] == ["r1", "r2"]
    assert await made.committed(made.dead_letters) == []


async def test_streams_are_described_and_versioned(made: Bench) -> None:
    async def described(schema: Schema) -> list[tuple[int, list[str]]]:
        watch, source = Watch(), ScriptedSource()
        async with running(task(made, source, watch, Drift.PROPAGATE, Stream("rows", schema, ("id",), 7))):
            versions: list[tuple[int, list[str]]] = []
            async with asyncio.timeout(30):
                while not versions or versions[-1][1] != [field["name"] for field in schema.avro["fields"]]:
                    known = (await StreamStore(made.servers, made.pipeline).read()).get((SOURCE, "rows"), ())
                    versions = [(one.version, list(one.fields)) for one in known]
            return versions

    assert await described(OLD) == [(1, ["id"])]
    assert await described(WIDER) == [(1, ["id"]), (2, ["id", "note"])]


async def test_a_source_whose_streams_cannot_be_described_runs_all_the_same(made: Bench) -> None:
    async def discover(_config: NoSettings) -> list[Stream]:
        raise ConnectorError(Reason.PERMISSION_DENIED, "Not for you.")

    watch, source = Watch(), ScriptedSource([Emits([record(1, OLD)])])
    settings = made.settings()
    connector = replace(scripted_connector(source), discover=discover)

    async with running(SourceTask(settings, connector, NoSettings(), made.registry, watch)) as (run_,):
        await until(lambda: bool(watch.emissions), run_)

    assert await published(made) == ["r1"]
    assert watch.failures == []


def test_the_commands_show_a_drift_and_accept_it(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = unique()
    database = tmp_path / "shop.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER)")
    source = {
        "connector": "sql_poll",
        "scopes": {"topics": [f"{name}.v1"]},
        "config": {
            "driver": "sqlite",
            "database": str(database),
            "streams": {"orders": {"mode": "incrementing", "table": "orders", "incrementing_column": "id"}},
        },
        "routes": [{"topic": f"{name}.v1", "drift": "freeze"}],
    }
    kafka = {"bootstrap_servers": endpoints.bootstrap_servers, "registry_url": endpoints.registry_url}
    file = tmp_path / "pipeline.yaml"
    file.write_text(json.dumps({"name": name, "kafka": kafka, "sources": {"shop": source}}))
    diff = ["schema", "diff", str(file), "shop"]

    assert run(diff) == 0
    assert "will be registered as the topic's first schema" in capsys.readouterr().out
    assert run(["schema", "accept", str(file), "shop"]) == 0
    assert run(diff) == 0
    assert "is what the topic has" in capsys.readouterr().out
    with sqlite3.connect(database) as connection:
        connection.execute("ALTER TABLE orders ADD COLUMN note TEXT")
    assert run(diff) == 1
    shown = capsys.readouterr().out
    assert "differs, and the route says freeze" in shown
    assert "+  note" in shown
    assert run(["schema", "accept", str(file), "shop"]) == 0
    assert run([*diff, "--json"]) == 0
