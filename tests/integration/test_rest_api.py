"""The REST API answers in Kafka Connect's dialect, from and to the topics of a real broker."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest

from router.config.names import monitor_topic
from router.control.records import Entry
from router.dev.stack import Endpoints, Stack
from router.fetching.states import State
from router.kafka.clients import producer as producer_settings
from router.kafka.producer import AsyncProducer, Message
from router.kafka.topics import Topics, TopicSpec
from router.monitor.view import ConnectorFlow
from tests.integration.rest_api import TOPIC, RestApi, http_sink, rest_api


@pytest.fixture
async def api(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[RestApi]:
    async with rest_api(endpoints, unique()) as running:
        yield running


async def test_the_server_says_what_it_is(api: RestApi) -> None:
    root, health = await api.ask("GET", "/"), await api.ask("GET", "/health")

    assert set(root.body) == {"version", "commit", "kafka_cluster_id"}
    assert (health.status, health.body["status"]) == (200, "healthy")


async def test_a_connector_is_created_shown_and_deleted(api: RestApi) -> None:
    created = await api.create("orders")
    listed = await api.ask("GET", "/connectors/")
    shown = await api.ask("GET", "/connectors/orders")
    config = await api.ask("GET", "/connectors/orders/config")
    tasks = await api.ask("GET", "/connectors/orders/tasks")
    topics = await api.ask("GET", "/connectors/orders/topics")
    deleted = await api.ask("DELETE", "/connectors/orders")
    gone = await api.ask("GET", "/connectors/orders")

    written = http_sink() | {"name": "orders"}
    assert (created.status, created.headers["Location"]) == (201, "/connectors/orders")
    assert created.body == shown.body
    assert shown.body == {
        "name": "orders",
        "config": written,
        "tasks": [{"connector": "orders", "task": 0}],
        "type": "sink",
    }
    assert listed.body == ["orders"]
    assert config.body == written
    assert tasks.body == [{"id": {"connector": "orders", "task": 0}, "config": written}]
    assert topics.body == {"orders": {"topics": [TOPIC]}}
    assert (deleted.status, deleted.body) == (204, None)
    assert (gone.status, gone.message) == (404, "Connector orders not found")


async def test_the_topic_has_the_settings_as_a_file_would(api: RestApi) -> None:
    await api.create("orders", http_sink(tasks__max="3", config__timeout_seconds="2.5"))

    entry = (await api.connectors.read()).entries["orders"]

    assert (entry.kind, entry.origin, entry.version, entry.changed_by) == ("sink", "api", 1, "local")
    assert entry.settings["tasks"] == 3
    assert entry.settings["config"]["timeout_seconds"] == 2.5
    assert entry.settings["topics"] == [TOPIC]


async def test_a_name_is_given_once(api: RestApi) -> None:
    await api.create("orders")

    again = await api.create("orders")

    assert (again.status, again.message) == (409, "Connector orders already exists")


async def test_every_fault_of_a_configuration_is_told_and_none_of_its_secrets(api: RestApi) -> None:
    config = http_sink(config__ulr="x", config__signing_secret="whsec_canary", topics="other.v1")

    refused = await api.create("orders", config)

    assert refused.status == 400
    assert "contains the following 3 error(s):" in refused.message
    for part in ("config.ulr", "Did you mean `config.url`?", "SECRET_LITERAL: config.signing_secret", "topics.0"):
        assert part in refused.message
    assert "canary" not in refused.message
    assert (await api.ask("GET", "/connectors")).body == []


async def test_two_sinks_do_not_share_a_consumer_group(api: RestApi) -> None:
    await api.create("orders")
    group = {"delivery.group": f"{api.pipeline.name}.orders"}

    shared = await api.create("copy", http_sink() | group)
    own = await api.ask("PUT", "/connectors/orders/config", http_sink() | group)
    workers = await api.create("copy", http_sink() | {"delivery.group": f"{api.pipeline.name}.workers"})

    assert [shared.status, own.status, workers.status] == [400, 200, 400]
    assert "CONFIG_KEY_DUPLICATE: delivery.group" in shared.message


async def test_an_initial_state_is_there_before_anything_runs(api: RestApi) -> None:
    created = await api.create("orders", initial_state="STOPPED")
    status = await api.ask("GET", "/connectors/orders/status")

    assert (created.status, created.body["tasks"]) == (201, [])
    assert status.body["connector"]["state"] == "STOPPED"
    assert status.body["tasks"] == []


async def test_put_creates_and_then_changes(api: RestApi) -> None:
    created = await api.ask("PUT", "/connectors/orders/config", http_sink())
    same = await api.ask("PUT", "/connectors/orders/config", http_sink())
    changed = await api.ask("PUT", "/connectors/orders/config", http_sink(tasks__max="2"))

    assert [created.status, same.status, changed.status] == [201, 200, 200]
    assert changed.body["config"]["tasks.max"] == "2"
    assert len(changed.body["tasks"]) == 2
    assert (await api.connectors.read()).entries["orders"].version == 2


async def test_patch_merges_and_null_removes(api: RestApi) -> None:
    await api.create("orders", http_sink(config__timeout_seconds="5"))

    patched = await api.ask(
        "PATCH",
        "/connectors/orders/config",
        {"tasks.max": 2, "config.timeout_seconds": None, "config.max_in_flight": 8},
    )

    assert patched.status == 200
    assert patched.body["config"] == http_sink(tasks__max="2", config__max_in_flight="8") | {"name": "orders"}


async def test_a_patch_that_makes_it_invalid_changes_nothing(api: RestApi) -> None:
    await api.create("orders")

    refused = await api.ask("PATCH", "/connectors/orders/config", {"config.url": None})

    assert refused.status == 400
    assert "config.url" in refused.message
    assert (await api.ask("GET", "/connectors/orders/config")).body["config.url"] == "https://example.com/hook"


async def test_a_connector_of_a_file_is_changed_in_its_file(api: RestApi) -> None:
    settings = {"connector": "http", "topics": [TOPIC], "scopes": {"topics": [TOPIC]}}
    entry = Entry("sink", settings, "file", 1, datetime.now(UTC).isoformat(), "ann")
    await api.connectors.put("declared", entry)
    await api.until("/connectors", lambda names: "declared" in names)

    answers = [
        await api.ask("PUT", "/connectors/declared/config", http_sink()),
        await api.ask("PATCH", "/connectors/declared/config", {"tasks.max": 2}),
        await api.ask("DELETE", "/connectors/declared"),
    ]

    assert [answer.status for answer in answers] == [409, 409, 409]
    assert "router apply" in answers[0].message
    assert (await api.ask("PUT", "/connectors/declared/pause")).status == 202


async def test_pause_resume_and_stop_are_what_is_wanted_of_it(api: RestApi) -> None:
    await api.create("orders")
    states = []
    for action in ("pause", "resume", "stop", "resume"):
        answer = await api.ask("PUT", f"/connectors/orders/{action}")
        assert answer.status == 202
        states.append((await api.connectors.read()).targets["orders"])

    assert states == [State.PAUSED, State.RUNNING, State.STOPPED, State.RUNNING]


async def test_the_status_is_what_workers_say(api: RestApi) -> None:
    await api.create("orders", http_sink(tasks__max="3"))
    await api.report("orders", State.RUNNING)
    await api.report("orders", State.FAILED, task=1, trace="TARGET_REJECTED: no", worker="w2")

    status = await api.until("/connectors/orders/status", lambda body: len(_states(body)) == 3)

    assert status["name"] == "orders"
    assert status["type"] == "sink"
    assert status["connector"] == {"state": "RUNNING", "worker_id": "w1"}
    assert status["tasks"] == [
        {"id": 0, "state": "RUNNING", "worker_id": "w1"},
        {"id": 1, "state": "FAILED", "worker_id": "w2", "trace": "TARGET_REJECTED: no"},
        {"id": 2, "state": "UNASSIGNED", "worker_id": ""},
    ]
    task = await api.ask("GET", "/connectors/orders/tasks/1/status")
    assert task.body == status["tasks"][1]
    assert (await api.ask("GET", "/connectors/orders/tasks/3/status")).status == 404


def _states(body: Any) -> set[str]:
    return {task["state"] for task in body["tasks"]}


async def test_expanding_shows_status_and_info_of_all(api: RestApi) -> None:
    await api.create("orders")

    expanded = await api.ask("GET", "/connectors?expand=status&expand=info&expand=weather")

    assert set(expanded.body) == {"orders"}
    assert expanded.body["orders"]["info"]["config"]["name"] == "orders"
    assert expanded.body["orders"]["status"]["connector"]["state"] == "UNASSIGNED"
    assert set(expanded.body["orders"]) == {"info", "status"}


async def test_a_restart_is_asked_for_and_shown(api: RestApi) -> None:
    await api.create("orders", http_sink(tasks__max="2"))
    await api.report("orders", State.RUNNING)
    await api.report("orders", State.FAILED, task=1)
    await api.until("/connectors/orders/status", lambda body: _states(body) == {"RUNNING", "FAILED"})

    plain = await api.ask("POST", "/connectors/orders/restart")
    failed = await api.ask("POST", "/connectors/orders/restart?includeTasks=true&onlyFailed=true")
    one = await api.ask("POST", "/connectors/orders/tasks/1/restart")

    restart = (await api.connectors.read()).restarts["orders"]
    assert [plain.status, failed.status, one.status] == [204, 202, 204]
    assert [task["state"] for task in failed.body["tasks"]] == ["RUNNING", "RESTARTING"]
    assert (restart.task, restart.only_failed) == (1, False)
    assert (await api.ask("POST", "/connectors/orders/tasks/9/restart")).status == 404
    assert (await api.ask("POST", "/connectors/orders/restart?onlyFailed=perhaps")).status == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/connectors/none"),
        ("GET", "/connectors/none/config"),
        ("GET", "/connectors/none/status"),
        ("GET", "/connectors/none/tasks"),
        ("GET", "/connectors/none/topics"),
        ("GET", "/connectors/none/offsets"),
        ("PUT", "/connectors/none/pause"),
        ("PUT", "/connectors/none/topics/reset"),
        ("POST", "/connectors/none/restart"),
        ("DELETE", "/connectors/none"),
        ("DELETE", "/connectors/none/offsets"),
        ("GET", "/connector-plugins/none/config"),
        ("GET", "/no/such/path"),
    ],
)
async def test_what_is_not_there_is_404(api: RestApi, method: str, path: str) -> None:
    answer = await api.ask(method, path)

    assert answer.status == 404
    assert answer.message


async def test_bad_requests_are_told_apart(api: RestApi) -> None:
    as_form = await api.ask("POST", "/connectors", data="{}")
    no_json = await api.ask("POST", "/connectors", data=b"{", headers={"Content-Type": "application/json"})
    no_object = await api.ask("POST", "/connectors", [])
    no_name = await api.ask("POST", "/connectors", {"config": {}})
    other_name = await api.create("orders", http_sink(name="invoices"))
    large = io.BytesIO(json.dumps({"name": "x" * 1_100_000}).encode())
    too_large = await api.ask("POST", "/connectors", data=large, headers={"Content-Type": "application/json"})
    no_method = await api.ask("PATCH", "/connectors")

    statuses = [answer.status for answer in (as_form, no_json, no_object, no_name, other_name, too_large, no_method)]
    assert statuses == [415, 400, 400, 400, 400, 413, 405]
    assert all(answer.message for answer in (as_form, no_json, no_object, no_name, too_large, no_method))
    expected = "Connector name configuration (invoices) doesn't match connector name in the URL (orders)"
    assert other_name.message == expected


async def test_the_plugins_are_described_and_validate_what_is_sent(api: RestApi) -> None:
    plugins = await api.ask("GET", "/connector-plugins?connectorsOnly=true")
    config = await api.ask("GET", "/connector-plugins/sink.http/config")
    good = await api.ask("PUT", "/connector-plugins/sink.http/config/validate", http_sink(name="orders"))
    bad = await api.ask(
        "PUT", "/connector-plugins/http/config/validate", http_sink(name="o", config__url="canary", config__x="canary")
    )
    other = await api.ask("PUT", "/connector-plugins/sink.postgres/config/validate", http_sink(name="orders"))

    assert {"class": "sink.http", "type": "sink", "version": "1.0"} in plugins.body
    assert "config.url" in {one["name"] for one in config.body}
    assert (good.body["name"], good.body["error_count"]) == ("sink.http", 0)
    errors = {one["value"]["name"]: one["value"]["errors"] for one in bad.body["configs"] if one["value"]["errors"]}
    assert set(errors) == {"config.url", "config.x"}
    assert bad.body["error_count"] == 2
    assert "canary" not in str(bad.body)
    assert other.status == 400
    assert (await api.ask("GET", "/connectors")).body == []


async def test_connectors_and_workers_are_shown_in_our_own_words(api: RestApi) -> None:
    await api.create("orders")
    await api.report("orders", State.FAILED, trace="TARGET_REJECTED: no")

    (shown,) = await api.until("/v1/connectors", lambda body: body[0]["state"] == "FAILED")
    (worker,) = (await api.ask("GET", "/v1/workers")).body

    assert (shown["target"], shown["origin"], shown["version"], shown["connector"]) == ("RUNNING", "api", 1, "http")
    assert shown["settings"]["config"]["signing_secret"] == "${env:SIGNING_SECRET}"
    assert shown["tasks"][0]["error"] == "TARGET_REJECTED: no"
    assert (worker["id"], worker["alive"], worker["tasks"]) == ("w1", True, ["orders-0"])


async def test_the_flow_is_what_the_monitor_said_last(api: RestApi) -> None:
    servers, topic = api.pipeline.kafka.bootstrap_servers, monitor_topic(api.pipeline.name)
    before = await api.ask("GET", "/v1/flow")
    await Topics(servers).ensure({topic: TopicSpec(1, 1, 1, None, compact=True)})
    said = ConnectorFlow("orders", "sink", 1.0, 1, "RUNNING", 7.5, 7.0, 0.0, 0.5, 1.0, None, 12, {"delivered": 9}, {})
    async with AsyncProducer(producer_settings(servers, "monitor")) as producer:
        await producer.send([Message(topic, b"orders", said.value(), [], 0)])

    after = await api.ask("GET", "/v1/flow")

    assert before.body == []
    assert after.body == [asdict(said)]


async def test_every_change_is_in_the_audit(api: RestApi) -> None:
    await api.create("orders")
    await api.ask("PATCH", "/connectors/orders/config", {"config.max_in_flight": 8})
    await api.ask("DELETE", "/connectors/none")
    await api.ask("GET", "/connectors")

    records = (await api.ask("GET", "/v1/audit")).body["records"]
    (newest,) = (await api.ask("GET", "/v1/audit?limit=1")).body["records"]

    assert [(record["action"], record["connector"], record["outcome"]) for record in records] == [
        ("DELETE /connectors/{name}", "none", "failed 404"),
        ("PATCH /connectors/{name}/config", "orders", "done"),
        ("POST /connectors", "orders", "done"),
    ]
    assert records[1]["detail"] == "version 2: config.max_in_flight"
    assert {record["who"] for record in records} == {"local"}
    assert newest == records[0]


async def test_bytes_that_are_no_request_are_answered_in_the_same_form(api: RestApi) -> None:
    host, port = api.url.removeprefix("http://").split(":")
    answers = []
    for sent in (b"BREW / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nAuthorization: canary\x00\r\n\r\n"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(sent)
        answers.append(await reader.read())
        writer.close()

    for answer in answers:
        assert answer.split()[1] == b"400"
        assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {"error_code": 400, "message": "HTTP 400 Bad Request"}


async def test_while_the_brokers_are_away_it_shows_what_it_knows_and_changes_nothing(
    stack: Stack, endpoints: Endpoints, unique: Callable[[], str]
) -> None:
    async with rest_api(endpoints, unique()) as api:
        await api.create("orders")
        stack.component("kafka").kill()
        try:
            shown = await api.ask("GET", "/connectors/orders")
            refused = await api.ask("PUT", "/connectors/orders/pause")
        finally:
            await asyncio.to_thread(stack.component("kafka").start)
        paused = await api.ask("PUT", "/connectors/orders/pause")

        status = await api.until("/connectors/orders/status", lambda body: body["connector"]["state"] == "PAUSED")

    assert shown.status == 200
    assert refused.status == 503
    assert refused.message.startswith(("BROKER_UNAVAILABLE", "BROKER_TIMEOUT"))
    assert paused.status == 202
    assert status["name"] == "orders"
