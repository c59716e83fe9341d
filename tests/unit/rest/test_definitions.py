import pytest

from router.rest.definitions import definitions, template
from router.rest.plugins import Plugin, find, plugins


def _plugin(name: str) -> Plugin:
    plugin = find(name)
    assert plugin is not None
    return plugin


def test_every_setting_of_every_connector_has_a_definition() -> None:
    for plugin in plugins():
        for name, definition in definitions(plugin).items():
            assert definition.name == name
            assert definition.type in {"STRING", "LONG", "DOUBLE", "BOOLEAN", "LIST", "PASSWORD"}


def test_a_definition_says_what_connects_do() -> None:
    found = definitions(_plugin("sink.postgres"))

    assert found["config.password"].type == "PASSWORD"
    assert found["config.password"].default_value is None
    assert found["config.port"].as_dict() == {
        "name": "config.port",
        "type": "LONG",
        "required": False,
        "default_value": "5432",
        "importance": "MEDIUM",
        "documentation": found["config.port"].documentation,
        "group": "config",
        "order": found["config.port"].order,
        "width": "MEDIUM",
        "display_name": "config.port",
        "dependents": [],
    }
    assert found["config.mode"].choices == ("append", "upsert")
    assert [found[name].required for name in ("name", "connector.class", "tasks.max", "topics", "config.table")] == [
        True,
        True,
        False,
        True,
        True,
    ]


def test_settings_of_one_choice_of_several_are_not_required() -> None:
    found = definitions(_plugin("source.http_poll"))

    assert not found["config.auth.token"].required
    assert set(found["config.auth.scheme"].choices) >= {"none", "basic", "bearer"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("routes", 3, "topic"), "routes.0.topic"),
        (("config", "streams", "orders", "path"), "config.streams.<name>.path"),
        (("config", "headers", "x.y"), "config.headers.<name>"),
        (("topics",), "topics"),
    ],
)
def test_names_that_people_give_stand_for_any(path: tuple[str | int, ...], expected: str) -> None:
    plugin = _plugin("source.http_poll")

    assert template(plugin, path) == expected
