import pytest

from router.api import Reason
from router.rest.documents import read, write
from router.rest.plugins import find, plugins

SINK = {
    "name": "orders",
    "connector.class": "sink.http",
    "tasks.max": "3",
    "topics": "shop.orders.v1",
    "scopes.topics": "shop.orders.v1",
    "config.url": "https://example.com/hook",
}


def test_a_flat_map_is_the_settings_of_a_file() -> None:
    document = read(SINK)

    assert document.faults == []
    assert document.settings == {
        "connector": "http",
        "tasks": 3,
        "topics": ["shop.orders.v1"],
        "scopes": {"topics": ["shop.orders.v1"]},
        "config": {"url": "https://example.com/hook"},
    }


def test_it_is_written_as_it_was_read() -> None:
    document = read(SINK)

    assert write(document.plugin, "orders", "sink", document.settings) == SINK


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("config.url", "config.url"),
        ("topics[0]", "topics.0"),
        ("scopes", "scopes"),
        ("connector", "connector.class"),
        ("tasks", "tasks.max"),
    ],
)
def test_a_fault_is_told_by_its_flat_key(path: str, key: str) -> None:
    assert read(SINK).key_of(path) == key


@pytest.mark.parametrize(
    ("changed", "reason", "key"),
    [
        ({"name": ""}, Reason.CONFIG_INVALID, "name"),
        ({"name": "../etc"}, Reason.CONFIG_INVALID, "name"),
        ({"connector.class": ""}, Reason.CONFIG_INVALID, "connector.class"),
        ({"connector.class": "os.system"}, Reason.CONNECTOR_UNKNOWN, "connector.class"),
        ({"connector.class": "source.webhook"}, Reason.CONFIG_INVALID, "connector.class"),
        ({"connector": "http"}, Reason.CONFIG_KEY_UNKNOWN, "connector"),
        ({"tasks": "3"}, Reason.CONFIG_KEY_UNKNOWN, "tasks"),
    ],
)
def test_what_is_wrong_with_the_map_itself_is_a_fault(changed: dict[str, str], reason: Reason, key: str) -> None:
    faults = read(SINK | changed).faults

    assert [(fault.reason, fault.path) for fault in faults] == [(reason, key)]


@pytest.mark.parametrize("tasks", ["2", "0", "many"])
def test_a_source_has_one_task(tasks: str) -> None:
    faults = read({"name": "a", "connector.class": "source.http_poll", "tasks.max": tasks}).faults

    assert [fault.path for fault in faults] == ["tasks.max"]


def test_a_bare_name_is_enough_where_only_one_has_it() -> None:
    sink, source = find("postgres"), find("http_poll")

    assert sink is not None
    assert source is not None
    assert (sink.name, source.name) == ("sink.postgres", "source.http_poll")


def test_connectors_that_are_pushed_to_cannot_be_created() -> None:
    names = {plugin.name for plugin in plugins()}

    assert {"sink.http", "sink.postgres", "source.http_poll", "source.postgres_cdc"} <= names
    assert "source.webhook" not in names
    assert find("webhook") is None
