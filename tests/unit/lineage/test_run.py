"""From a connector's life to OpenLineage's events."""

import asyncio
import json
from typing import Any

from openlineage.client.serde import Serde
from openlineage.client.transport import Transport

from router.api import ConnectorError, Dataset, Reason, Schema
from router.fetching.observer import Emission
from router.fetching.states import State
from router.lineage.event import run_event
from router.lineage.fields import fields_of
from router.lineage.observers import SinkLineage, SourceLineage
from router.lineage.reporter import Reporter
from router.lineage.run import Job, Notice, Runs
from router.observability.metrics import REGISTRY

TABLE = Dataset("postgres://db:5432", "shop.public.orders")
SOURCE = Job("shop", "orders", "SOURCE", "postgres_cdc", writes=("orders.v1",), outside=(TABLE,))
SINK = Job("shop", "store", "SINK", "postgres", reads=("orders.v1",), outside=(TABLE,))


def event(notice: Notice, schema: Schema | None = None) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(Serde.to_json(run_event(notice, "k1:9092,k2:9092", {"orders.v1": schema})))
    return made


def source() -> tuple[SourceLineage, list[Notice]]:
    told: list[Notice] = []
    return SourceLineage(Runs(SOURCE, told.append)), told


def test_a_source_s_session_is_a_run_and_the_next_one_another() -> None:
    lineage, told = source()

    for state in (State.RUNNING, State.PAUSED, State.RUNNING, State.STOPPED):
        lineage.state(state)

    assert [notice.state.value for notice in told] == ["START", "COMPLETE", "START", "COMPLETE"]
    assert told[0].run == told[1].run != told[2].run == told[3].run


def test_a_source_that_fails_tells_its_reason() -> None:
    lineage, told = source()

    lineage.state(State.RUNNING)
    lineage.failed(Reason.PERMISSION_DENIED)
    lineage.state(State.FAILED)

    failed = event(told[-1])
    assert failed["eventType"] == "FAIL"
    assert failed["run"]["facets"]["errorMessage"]["message"] == "PERMISSION_DENIED"


def test_a_source_that_is_taken_away_aborts() -> None:
    lineage, told = source()

    lineage.state(State.RUNNING)
    lineage.state(State.UNASSIGNED)

    assert told[-1].state.value == "ABORT"


def test_a_source_s_table_is_the_input_and_its_topic_the_output_with_the_rows_of_the_run() -> None:
    lineage, told = source()

    lineage.state(State.RUNNING)
    lineage.committed(Emission({"orders.v1": 2}))
    lineage.committed(Emission({"orders.v1": 3}))
    lineage.state(State.STOPPED)

    ended = event(told[-1])
    assert [(data["namespace"], data["name"]) for data in ended["inputs"]] == [(TABLE.namespace, TABLE.name)]
    [topic] = ended["outputs"]
    assert (topic["namespace"], topic["name"]) == ("kafka://k1:9092", "orders.v1")
    assert topic["outputFacets"]["outputStatistics"]["rowCount"] == 5


def test_a_sink_s_topic_is_the_input_and_its_table_the_output() -> None:
    told: list[Notice] = []
    lineage = SinkLineage(Runs(SINK, told.append))

    lineage.state("running")
    lineage.delivered(10, 3, 0.1)
    lineage.state("stopped")

    ended = event(told[-1])
    assert [data["name"] for data in ended["inputs"]] == ["orders.v1"]
    [table] = ended["outputs"]
    assert (table["name"], table["outputFacets"]["outputStatistics"]["rowCount"]) == (TABLE.name, 7)


def test_the_fields_of_a_schema_are_named_with_their_types_and_nested() -> None:
    row = {"type": "record", "name": "Row", "fields": [{"name": "id", "type": "long"}]}
    amount = {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}
    avro = {
        "type": "record",
        "name": "Change",
        "fields": [
            {"name": "op", "type": "string", "doc": "what happened"},
            {"name": "before", "type": ["null", row]},
            {"name": "amount", "type": ["null", amount]},
            {"name": "tags", "type": {"type": "array", "items": "string"}},
        ],
    }

    fields = fields_of(avro)

    assert [(field.name, field.type) for field in fields] == [
        ("op", "string"),
        ("before", "record"),
        ("amount", "decimal(12,2)"),
        ("tags", "array<string>"),
    ]
    assert (fields[0].description, [inner.name for inner in fields[1].fields or []]) == ("what happened", ["id"])


class Backend(Transport):
    """Takes events, or not."""

    def __init__(self, error: Exception | None = None) -> None:
        self.events: list[Any] = []
        self._error = error

    def emit(self, event: Any) -> None:
        if self._error is not None:
            raise self._error
        self.events.append(event)


async def unknown(_topic: str) -> Schema | None:
    raise ConnectorError(Reason.REGISTRY_UNAVAILABLE, "away")


def dropped() -> float:
    return REGISTRY.get_sample_value("con_lineage_events_dropped_total") or 0


async def test_without_the_registry_lineage_is_told_without_schemas() -> None:
    backend = Backend()
    reporter = Reporter("k1:9092", backend, unknown, 60)
    sending = asyncio.create_task(reporter.send())

    reporter.runs(SOURCE).start()
    await reporter.drain(5)
    sending.cancel()

    [told] = backend.events
    assert "schema" not in told.outputs[0].facets


async def test_what_the_backend_refuses_is_counted_and_the_next_is_tried() -> None:
    before = dropped()
    reporter = Reporter("k1:9092", Backend(ConnectionError("away")), unknown, 60)
    sending = asyncio.create_task(reporter.send())

    runs = reporter.runs(SOURCE)
    runs.start()
    runs.complete()
    await reporter.drain(5)

    assert not sending.done()
    sending.cancel()
    assert dropped() - before == 2


async def test_what_finds_no_place_in_the_queue_is_counted_at_once() -> None:
    before = dropped()
    reporter = Reporter("k1:9092", Backend(), unknown, 60)
    runs = reporter.runs(SOURCE)

    runs.start()
    for _ in range(600):
        runs.go_on()

    assert dropped() - before == 601 - 512
