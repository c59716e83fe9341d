"""What the monitor is promised: it counts each event once, and goes on where it was."""

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from router.api import Reason
from router.config.models import KafkaSettings, Pipeline, SinkSettings
from router.config.names import flow_topic
from router.control.records import TaskStatus, WorkerSeen
from router.control.store import StatusStore
from router.dev.endpoints import Endpoints
from router.dev.ports import is_free
from router.fetching.states import State
from router.kafka.clients import producer as producer_settings
from router.kafka.producer import AsyncProducer, Message
from router.kafka.topics import Topics
from router.monitor.facts import Fact
from router.monitor.monitor import Monitor
from router.monitor.view import ConnectorFlow, read_view
from router.observability.metrics import SinkMetrics
from router.runtime.flow import FlowReporter
from router.runtime.topics import flow_topics
from tests.conftest import choose_ports
from tests.integration.pipeline import lab

ROOT = Path(__file__).parents[2]


def pipeline_of(endpoints: Endpoints, name: str, **more: SinkSettings) -> Pipeline:
    kafka = KafkaSettings(bootstrap_servers=endpoints.bootstrap_servers, registry_url=endpoints.registry_url)
    return Pipeline(name=name, kafka=kafka, sinks=more)


@asynccontextmanager
async def running(*roles: Monitor | FlowReporter) -> AsyncIterator[None]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for role in roles:
            group.create_task(role.run(stop))
        try:
            yield
        finally:
            stop.set()


async def seen(pipeline: Pipeline, holds: Callable[[Mapping[str, ConnectorFlow]], bool]) -> Mapping[str, ConnectorFlow]:
    """The view, once it is as wanted; the test's own limit ends the wait."""
    while True:
        view = await read_view(pipeline.kafka.bootstrap_servers, pipeline.name)
        if holds(view):
            return view
        await asyncio.sleep(0.2)


def fact(name: str, sequence: int, delivered: int, process: str = "p1", errors: int = 0) -> Fact:
    now = time.time()
    reasons = {"retries": {"TARGET_5XX": errors}}
    return Fact(name, "sink", process, sequence, now, {"delivered": delivered}, reasons, "RUNNING", now, None)


async def report(pipeline: Pipeline, *facts: Fact) -> None:
    servers = pipeline.kafka.bootstrap_servers
    await Topics(servers).ensure(flow_topics(pipeline))
    async with AsyncProducer(producer_settings(servers, "test")) as producer:
        await producer.send(
            [Message(flow_topic(pipeline.name), one.connector.encode(), one.value(), [], 0) for one in facts]
        )


async def test_what_a_process_counts_is_shown_with_its_rate(endpoints: Endpoints, unique: Callable[[], str]) -> None:
    pipeline = pipeline_of(endpoints, unique())
    sink = unique()
    metrics = SinkMetrics(sink)
    metrics.state("running")

    async with running(Monitor(pipeline), FlowReporter(pipeline, every_seconds=0.5)):
        metrics.delivered(60, 6, 0.1)
        metrics.dead_lettered(Reason.TARGET_REJECTED)
        view = await seen(pipeline, lambda view: sink in view and view[sink].events_per_second > 0)

    flow = view[sink]
    assert (flow.kind, flow.state, flow.processes) == ("sink", "RUNNING", 1)
    assert flow.counters == {"delivered": 54, "deduplicated": 6}
    assert flow.reasons == {"dead_lettered": {"TARGET_REJECTED": 1}}
    assert flow.events_per_second == 1.0
    assert flow.errors_per_minute == 0.2
    assert flow.freshness_seconds is not None
    assert flow.freshness_seconds < 60


async def test_a_fact_counts_once_however_often_it_comes(endpoints: Endpoints, unique: Callable[[], str]) -> None:
    pipeline = pipeline_of(endpoints, unique())
    first, second, other = fact("orders", 1, 10), fact("orders", 2, 25, errors=3), fact("orders", 1, 4, process="p2")

    async with running(Monitor(pipeline)):
        await report(pipeline, first, second, first, second, other, fact("last", 1, 1))
        view = await seen(pipeline, lambda view: "last" in view)

    assert view["orders"].counters == {"delivered": 29}
    assert view["orders"].reasons == {"retries": {"TARGET_5XX": 3}}


async def test_a_killed_monitor_has_its_tables_again(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    pipeline = pipeline_of(endpoints, unique())
    await report(pipeline, fact("orders", 1, 40))
    killed, _ = await start("monitor", pipeline, tmp_path)
    await seen(pipeline, lambda view: "orders" in view and view["orders"].events_per_second > 0)
    killed.kill()
    await killed.wait()
    killed_at = time.time()

    restarted, admin = await start("monitor", pipeline, tmp_path)
    try:
        view = await seen(pipeline, lambda view: view["orders"].at > killed_at)
        readiness = await ask(admin, "/readyz")
        await report(pipeline, fact("orders", 2, 50))
        grown = await seen(pipeline, lambda view: view["orders"].counters["delivered"] != 40)
    finally:
        restarted.terminate()
        async with asyncio.timeout(15):
            status = await restarted.wait()

    assert view["orders"].counters == {"delivered": 40}
    assert view["orders"].events_per_second_5m > 0
    assert readiness == {"status": "ready", "waiting": {}}
    assert grown["orders"].counters == {"delivered": 50}
    assert status == 0


async def test_the_lag_is_what_a_group_has_not_acknowledged(endpoints: Endpoints, unique: Callable[[], str]) -> None:
    prefix = unique()
    async with lab(endpoints, prefix) as made:
        settings = SinkSettings(
            connector="http", topics=(made.topic,), scopes={"topics": [made.topic]}, delivery={"group": unique()}
        )
        pipeline = pipeline_of(endpoints, unique(), slow=settings)
        await made.publish(range(20))
        await report(pipeline, fact("slow", 1, 0))

        async with running(Monitor(pipeline)):
            view = await seen(pipeline, lambda view: "slow" in view and view["slow"].lag is not None)

    assert view["slow"].lag == 20


async def test_the_state_is_that_of_the_worst_task_whose_worker_lives(
    endpoints: Endpoints, unique: Callable[[], str]
) -> None:
    pipeline = pipeline_of(endpoints, unique())
    statuses = StatusStore(endpoints.bootstrap_servers, pipeline.name)
    now = datetime.now(UTC).isoformat()

    async with running(Monitor(pipeline)):
        await report(pipeline, fact("orders", 1, 1))
        await seen(pipeline, lambda view: "orders" in view and view["orders"].state == "RUNNING")
        await statuses.put_worker("w1", WorkerSeen(now, now))
        await statuses.put_task("orders", 0, TaskStatus(State.RUNNING, "w1", "", now, 1))
        await statuses.put_task("orders", 1, TaskStatus(State.FAILED, "w1", "INTERNAL_BUG", now, 1))
        await seen(pipeline, lambda view: view["orders"].state == "FAILED")
        await statuses.put_worker("w1", None)
        await seen(pipeline, lambda view: view["orders"].state == "UNASSIGNED")


async def test_a_worker_reports_its_sinks(endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path) -> None:
    pipeline = pipeline_of(endpoints, unique())
    sink = {
        "connector": "http",
        "topics": ["orders.v1"],
        "scopes": {"topics": ["orders.v1"], "hosts": ["example.com:443"], "secrets": ["${env:SIGNING_SECRET}"]},
        "config": {"url": "https://example.com/hook", "signing_secret": "${env:SIGNING_SECRET}"},
    }

    async with running(Monitor(pipeline)):
        worker, _ = await start("worker", pipeline, tmp_path, sinks={"shop": sink})
        try:
            view = await seen(pipeline, lambda view: "shop" in view and view["shop"].state == "RUNNING")
        finally:
            worker.terminate()
            await worker.wait()

    assert (view["shop"].kind, view["shop"].processes) == ("sink", 1)


async def test_a_reporter_ends_though_no_broker_answers(endpoints: Endpoints, unique: Callable[[], str]) -> None:
    port = next(port for port in range(21_000, 22_000) if is_free(port))
    kafka = KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}", registry_url=endpoints.registry_url)
    reporter = FlowReporter(Pipeline(name=unique(), kafka=kafka), every_seconds=0.1)
    stop = asyncio.Event()
    task = asyncio.create_task(reporter.run(stop))

    await asyncio.wait([task], timeout=1)
    assert not task.done()
    assert reporter.waiting() == {}
    stop.set()
    async with asyncio.timeout(30):
        await task


async def start(role: str, pipeline: Pipeline, path: Path, **more: object) -> tuple[asyncio.subprocess.Process, str]:
    """`router <role>`, and where it can be asked for its health."""
    port = choose_ports().kafka
    kafka = pipeline.kafka.model_dump(mode="json")
    configuration = {"name": pipeline.name, "kafka": kafka, "admin": {"port": port}} | more
    (path / "pipeline.yaml").write_text(json.dumps(configuration))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "router", role, str(path / "pipeline.yaml")),
        cwd=ROOT,
        env=os.environ | {"SIGNING_SECRET": "whsec_" + base64.b64encode(bytes(32)).decode()},
    )
    return process, f"http://127.0.0.1:{port}"


async def ask(url: str, path: str) -> object:
    async with aiohttp.ClientSession() as session, session.get(url + path) as response:
        return await response.json()
