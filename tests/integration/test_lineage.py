"""Lineage events of a running pipeline, as a backend and a topic get them."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from router.dev.endpoints import Endpoints
from router.kafka.log import read_topic
from tests.integration.receivers import SECRET, Received, free_port, pipeline, server, until

Event = Mapping[str, Any]


def events(backend: Received) -> list[Event]:
    return [json.loads(body) for _, _, body in backend.requests]


def states(told: Iterable[Event], name: str) -> list[str]:
    return [event["eventType"] for event in told if event["job"]["name"] == name]


def last(told: Iterable[Event], name: str) -> Event:
    return [event for event in told if event["job"]["name"] == name][-1]


def names(datasets: Iterable[Event]) -> list[tuple[str, str]]:
    return [(dataset["namespace"], dataset["name"]) for dataset in datasets]


def facets(event: Event) -> list[Event]:
    places = [event["run"]["facets"], event["job"]["facets"]]
    for dataset in (*event["inputs"], *event["outputs"]):
        places += [dataset.get(kind, {}) for kind in ("facets", "inputFacets", "outputFacets")]
    return [facet for place in places for facet in place.values()]


def orders(directory: Path, name: str) -> dict[str, Any]:
    """A source that reads two rows of a table in a file."""
    file = directory / "shop.db"
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, city TEXT)")
        database.execute("INSERT INTO orders VALUES (1, 'Kiel'), (2, 'Bonn')")
    stream = {"table": "orders", "mode": "incrementing", "incrementing_column": "id"}
    topic = f"{name}.orders.v1"
    return {
        "orders": {
            "connector": "sql_poll",
            "scopes": {"topics": [topic]},
            "config": {"driver": "sqlite", "database": str(file), "streams": {"orders": stream}},
            "routes": [{"topic": topic}],
        }
    }


async def test_a_backend_learns_what_each_connector_reads_and_writes_from_its_start_to_its_end(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    name = unique()
    kafka = f"kafka://{endpoints.bootstrap_servers}"
    async with server() as backend, server() as target:
        lineage = {"lineage": {"url": backend.url, "interval_seconds": 1}}
        sources = orders(tmp_path, name)
        async with pipeline(endpoints, name, tmp_path, target.url, lineage, sources) as running:
            await running.send("e1")
            await until(lambda: target.requests)
            await until(lambda: states(events(backend), "orders").count("RUNNING") > 1)
            await running.stop()

    told = events(backend)
    assert {path for path, _, _ in backend.requests} == {"/api/v1/lineage"}
    for job in ("hooks", "orders", "out"):
        assert (states(told, job)[0], states(told, job)[-1]) == ("START", "COMPLETE")
        assert len({event["run"]["runId"] for event in told if event["job"]["name"] == job}) == 1
    assert {event["job"]["namespace"] for event in told} == {name}
    assert names(last(told, "hooks")["outputs"]) == [(kafka, f"{name}.v1")]
    assert names(last(told, "out")["inputs"]) == [(kafka, f"{name}.v1")]
    assert names(last(told, "out")["outputs"]) == [(target.url, "/in")]
    assert names(last(told, "orders")["inputs"]) == [("file", f"{tmp_path}/shop.db/orders")]
    [topic] = last(told, "orders")["outputs"]
    assert [(field["name"], field["type"]) for field in topic["facets"]["schema"]["fields"]] == [
        ("id", "long"),
        ("city", "string"),
    ]
    assert topic["outputFacets"]["outputStatistics"]["rowCount"] == 2
    assert last(told, "out")["inputs"][0]["inputFacets"]["inputStatistics"]["rowCount"] == 1


async def test_lineage_goes_to_a_topic_in_the_form_of_openlineage(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    name = unique()
    topic = f"{name}.lineage"
    lineage = {"lineage": {"topic": topic}}
    async with server() as target, pipeline(endpoints, name, tmp_path, target.url, lineage) as running:
        await running.send("e1")
        await until(lambda: target.requests)
        await running.stop()

    records = list(read_topic(endpoints.bootstrap_servers, topic))
    told = [json.loads(record.value or b"") for record in records]
    assert states(told, "out") == ["START", "COMPLETE"]
    assert {record.key for record in records} == {f"{name}/hooks".encode(), f"{name}/out".encode()}
    for event in told:
        assert event.keys() == {"eventTime", "eventType", "inputs", "job", "outputs", "producer", "run", "schemaURL"}
        assert event["schemaURL"].startswith("https://openlineage.io/spec/")
        assert datetime.fromisoformat(event["eventTime"]).tzinfo is not None
        assert str(UUID(event["run"]["runId"])) == event["run"]["runId"]
        assert all(facet["_schemaURL"].startswith("https://openlineage.io/spec/facets/") for facet in facets(event))
        assert {facet["_producer"] for facet in facets(event)} == {event["producer"]}
    assert not [word for word in ("hidden", SECRET) if any(word.encode() in (r.value or b"") for r in records)]


async def test_events_flow_while_the_backend_is_away_and_lineage_is_counted_as_lost(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    name = unique()
    lineage = {"lineage": {"url": f"http://127.0.0.1:{free_port()}"}}
    async with server() as target, pipeline(endpoints, name, tmp_path, target.url, lineage) as running:
        answers = [await running.send(f"e{number}") for number in range(5)]
        await until(lambda: len(target.requests) == 5)
        while not await running.metric("con_lineage_events_dropped_total"):
            running.process.check()
        await running.stop()

    assert [status for status, _ in answers] == [202] * 5


async def test_events_flow_while_the_backend_never_answers(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    name = unique()
    async with server() as backend, server() as target:
        backend.hangs = True
        lineage = {"lineage": {"url": backend.url}}
        async with pipeline(endpoints, name, tmp_path, target.url, lineage) as running:
            await until(lambda: backend.requests)
            answers = [await running.send(f"e{number}") for number in range(5)]
            await until(lambda: len(target.requests) == 5)
            await running.stop()

    assert [status for status, _ in answers] == [202] * 5
