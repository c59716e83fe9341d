"""What is shown of a connector."""

import json

from router.config.models import KafkaSettings, Pipeline, SinkSettings
from router.control.records import Connectors, Entry
from router.fetching.states import State
from router.kafka.lag import behind
from router.monitor.facts import Fact
from router.monitor.flows import connector_flow
from router.monitor.lags import consumptions
from router.monitor.states import task_states
from router.monitor.totals import Totals
from router.monitor.view import ConnectorFlow

NOW = 1_000_000.0


def flow_of(
    *facts: Fact, events: dict[int, int] | None = None, states: tuple[State, ...] = (), now: float = NOW
) -> ConnectorFlow | None:
    totals = Totals()
    for fact in facts:
        totals, _ = totals.with_fact(fact)
    windows = [(events or {}).get(index, 0) for index in range(31)]
    return connector_flow("orders", totals, events=windows, errors=windows, states=states, lag=7, now=now)


def fact(
    at: float = NOW, *, state: str = "RUNNING", event_at: float | None = None, checkpoint_at: float | None = None
) -> Fact:
    return Fact("orders", "source", "p1", 1, at, {"published": 1}, {}, state, event_at, checkpoint_at)


def test_rates_are_those_of_whole_windows() -> None:
    flow = flow_of(fact(), events={0: 1_000, 1: 60, 6: 60, 7: 180, 30: 300})

    assert flow is not None
    assert flow.events_per_second == 2.0
    assert flow.events_per_second_5m == 2.0
    assert flow.errors_per_minute == 120.0


def test_freshness_is_since_the_newer_of_event_and_checkpoint() -> None:
    flow = flow_of(fact(event_at=NOW - 90, checkpoint_at=NOW - 2.5))

    assert flow is not None
    assert flow.freshness_seconds == 2.5


def test_a_connector_without_events_has_no_freshness() -> None:
    flow = flow_of(fact())

    assert flow is not None
    assert flow.freshness_seconds is None


def test_a_process_that_is_silent_is_not_counted_and_its_state_not_shown() -> None:
    flow = flow_of(fact(NOW - 31))

    assert flow is not None
    assert (flow.processes, flow.state) == (0, "")


def test_what_workers_say_of_tasks_goes_before_what_processes_report() -> None:
    flow = flow_of(fact(), states=(State.RUNNING, State.FAILED))

    assert flow is not None
    assert flow.state == "FAILED"


def test_of_what_nobody_has_reported_nothing_is_shown() -> None:
    assert flow_of() is None


def test_a_task_whose_worker_is_not_seen_is_unassigned() -> None:
    def status(worker: str) -> dict[str, str]:
        return {"state": "RUNNING", "worker_id": worker}

    statuses = {
        '["task","orders",0]': status("here"),
        '["task","orders",1]': status("silent"),
        '["task","orders",2]': status("unknown"),
        '["task","others",0]': status("here"),
        '["worker","here"]': {"seen": "1970-01-12T13:46:35+00:00"},
        '["worker","silent"]': {"seen": "1970-01-12T13:46:00+00:00"},
    }

    states = list(task_states(statuses, "orders", 1_000_000))

    assert states == [State.RUNNING, State.UNASSIGNED, State.UNASSIGNED]


def test_what_has_not_been_read_and_is_still_there_is_lag() -> None:
    assert behind(committed=7, first=0, end=10) == 3
    assert behind(committed=None, first=4, end=10) == 6
    assert behind(committed=2, first=4, end=10) == 6
    assert behind(committed=12, first=0, end=10) == 0


def test_sinks_of_the_file_and_of_the_api_are_asked_for() -> None:
    sink = SinkSettings(connector="http", topics=("a.v1",), scopes={"topics": ["a.v1"]})
    kafka = KafkaSettings(bootstrap_servers="127.0.0.1:9092", registry_url="http://127.0.0.1:8081")
    settings = {"topics": ["b.v1"], "delivery": {"group": "theirs"}}
    entries = {
        "b": Entry("sink", settings, "api", 1, "", ""),
        "c": Entry("source", json.loads("{}"), "api", 1, "", ""),
    }

    found = consumptions(Pipeline(name="shop", kafka=kafka, sinks={"a": sink}), Connectors(entries))

    assert found == {"a": ("shop.a", ("a.v1", "shop.a.replay")), "b": ("theirs", ("b.v1", "shop.b.replay"))}
