"""What loading returns, and what holds between the parts of a configuration."""

from pathlib import Path

import pytest

from router.api import ConnectorError, Reason, Secret
from router.config.load import load, load_offline
from tests.unit.config.examples import HOOK, TABLE, VALID, TableConfig, faults, replaced, withheld, write

HEAD, SOURCES, SINKS = VALID.partition("sources:\n")[0], VALID[VALID.index("sources:") : VALID.index("sinks:")], ""
SINKS = VALID[VALID.index("sinks:") :]
SECOND_SINK = SINKS.removeprefix("sinks:\n").replace("  store:", "  copy:")


def test_loading_gives_settings_connector_and_validated_config(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, VALID), resolve=lambda reference: f"value of {reference}")

    source, sink = loaded.receivers["github"], loaded.sinks["store"]
    assert loaded.pipeline.name == "shop"
    assert source.connector is HOOK
    assert source.settings.routes[1].topic == "github.v1"
    assert sink.connector is TABLE
    assert isinstance(sink.config, TableConfig)
    assert sink.config.password == Secret("${env:DB_PASSWORD}", withheld)
    assert sink.config.password.reveal() == "value of ${env:DB_PASSWORD}"


def test_the_secrets_in_use_are_listed_with_their_places(tmp_path: Path) -> None:
    file = write(tmp_path, VALID)

    loaded = load(file, resolve=withheld)

    assert loaded.secrets == (
        ("sources.github.config.verify.secret", "${env:HOOK_SECRET}", file, 13),
        ("sinks.store.config.password", "${env:DB_PASSWORD}", file, 30),
    )


def test_an_offline_configuration_reveals_no_secret(tmp_path: Path) -> None:
    loaded = load_offline(write(tmp_path, VALID))
    config = loaded.sinks["store"].config
    assert isinstance(config, TableConfig)

    with pytest.raises(ConnectorError) as caught:
        config.password.reveal()

    assert caught.value.reason is Reason.SECRET_NOT_FOUND


def test_every_mistake_is_reported_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    text = VALID
    for old, new in [
        ("name: shop", "name: Shop"),
        ("registry_url", "registy_url"),
        ("connector: hook", "connector: hok"),
        ("when: type ==", "when: (type =="),
        ("- topic: github.v1", "- topic: orders.v1"),
        ("port: 5432\n", "prot: 5432\n"),
        ("password: ${env:DB_PASSWORD}", "password: hunter22\n      password: again"),
    ]:
        assert old in text
        text = text.replace(old, new, 1)

    found = faults(write(tmp_path, text))

    assert [(fault.reason, fault.line) for fault in found] == [
        (Reason.CONFIG_INVALID, 1),
        (Reason.CONFIG_KEY_UNKNOWN, 4),
        (Reason.CONNECTOR_UNKNOWN, 7),
        (Reason.EXPRESSION_INVALID, 15),
        (Reason.SCOPE_EXCEEDED, 17),
        (Reason.CONFIG_KEY_UNKNOWN, 29),
        (Reason.SECRET_LITERAL, 30),
        (Reason.CONFIG_KEY_DUPLICATE, 31),
    ]


def test_the_files_of_a_directory_are_taken_together(tmp_path: Path) -> None:
    write(tmp_path, HEAD, "pipeline.yaml")
    write(tmp_path, SOURCES, "in.yml")
    write(tmp_path, SINKS, "store.yaml")
    write(tmp_path, f"sinks:\n{SECOND_SINK}", "copy.yaml")
    write(tmp_path, "not: read", "notes.txt")
    write(tmp_path, "not: read", ".hidden.yaml")

    loaded = load(tmp_path, resolve=withheld)

    assert list(loaded.receivers) == ["github"]
    assert sorted(loaded.sinks) == ["copy", "store"]


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("name: shop\n", "name", 1),
        ("\nkafka: {}\n", "kafka", 2),
        ("ingress: {}\n", "ingress", 1),
        ("admin: {}\n", "admin", 1),
        (SINKS, "sinks.store", 2),
        (SOURCES, "sources.github", 2),
    ],
)
def test_what_two_files_give_is_refused_and_both_are_named(tmp_path: Path, text: str, path: str, line: int) -> None:
    first = write(tmp_path, f"{HEAD}ingress: {{}}\nadmin: {{}}\n{SOURCES}{SINKS}", "a.yaml")
    second = write(tmp_path, text, "b.yaml")

    found = faults(tmp_path)

    assert [(fault.reason, fault.path, fault.line, fault.file) for fault in found] == [
        (Reason.CONFIG_KEY_DUPLICATE, path, line, second)
    ]
    assert str(first) in found[0].message
    assert str(second) in found[0].message


def test_faults_of_several_files_name_their_own_file(tmp_path: Path) -> None:
    first = write(tmp_path, HEAD.replace("shop", "Shop"), "a.yaml")
    second = write(tmp_path, SINKS.replace("port: 5432", "port: 0"), "b.yaml")

    found = faults(tmp_path)

    assert [(fault.file, fault.line, fault.path) for fault in found] == [
        (first, 1, "name"),
        (second, 11, "sinks.store.config.port"),
    ]


@pytest.mark.parametrize("name", ["missing.yaml", "", "sub"])
def test_a_path_without_a_configuration_is_not_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()

    found = faults(tmp_path / name)

    assert [(fault.reason, fault.file) for fault in found] == [(Reason.CONFIG_NOT_FOUND, tmp_path / name)]
    assert found[0].fix


def test_a_directory_named_like_a_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").mkdir()

    assert [fault.reason for fault in faults(tmp_path)] == [Reason.CONFIG_NOT_FOUND]


def test_an_empty_file_among_others_is_no_mistake(tmp_path: Path) -> None:
    write(tmp_path, VALID, "a.yaml")
    write(tmp_path, "# nothing yet\n", "b.yaml")

    assert faults(tmp_path) == ()


@pytest.mark.parametrize("text", ["- a\n", "text\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, VALID, "a.yaml")
    second = write(tmp_path, text, "b.yaml")

    assert [(fault.reason, fault.file, fault.line) for fault in faults(tmp_path)] == [
        (Reason.CONFIG_INVALID, second, 1)
    ]


def test_a_connector_may_refuse_its_configuration_by_a_reason_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectorError(Reason.SECRET_UNUSABLE, "Too short.", fix="Use more.")

    monkeypatch.setattr(TableConfig, "model_validate_json", refuse)

    found = faults(write(tmp_path, VALID))

    assert [(fault.reason, fault.path, fault.fix) for fault in found] == [
        (Reason.SECRET_UNUSABLE, "sinks.store.config", "Use more.")
    ]


def test_two_sources_with_one_path_are_refused(tmp_path: Path) -> None:
    second = SOURCES.removeprefix("sources:\n").replace("  github:", "  gitlab:")

    found = faults(write(tmp_path, HEAD + SOURCES + second))

    assert [(fault.reason, fault.path, fault.line) for fault in found] == [
        (Reason.CONFIG_KEY_DUPLICATE, "sources.gitlab.config.path", 25)
    ]
    assert "github" in found[0].message


def test_two_sinks_in_one_consumer_group_are_refused(tmp_path: Path) -> None:
    grouped = SECOND_SINK.replace("    config:", "    delivery: {group: shop.store}\n    config:")

    found = faults(write(tmp_path, VALID + grouped))

    assert [(fault.reason, fault.path) for fault in found] == [
        (Reason.CONFIG_KEY_DUPLICATE, "sinks.copy.delivery.group")
    ]


@pytest.mark.parametrize("ports", ["ingress: {port: 5432}", "admin: {port: 5432}", "ingress: {host: '::', port: 5432}"])
def test_a_sink_that_delivers_to_the_pipeline_itself_is_refused(tmp_path: Path, ports: str) -> None:
    found = faults(write(tmp_path, f"{VALID}{ports}\n"))

    assert [(fault.reason, fault.path, fault.line) for fault in found] == [
        (Reason.CONFIG_INVALID, "sinks.store.config", 27)
    ]
    assert "round" in found[0].message


def test_an_ipv6_address_is_within_its_scope_with_or_without_brackets(tmp_path: Path) -> None:
    text = VALID.replace("host: 127.0.0.1\n", "host: '::1'\n").replace('"127.0.0.1:5432"', '"[::1]:5432"')

    assert faults(write(tmp_path, text)) == ()


def test_a_configuration_without_connectors_is_one_whose_connectors_come_through_the_api(tmp_path: Path) -> None:
    loaded = load_offline(write(tmp_path, HEAD))

    assert (loaded.sources, loaded.sinks, loaded.receivers) == ({}, {}, {})


def test_a_retry_that_shrinks_is_refused(tmp_path: Path) -> None:
    text = replaced(
        "    topics: [github.v1]\n    scopes",
        "    topics: [github.v1]\n    delivery: {retry: {initial_seconds: 9, max_seconds: 3}}\n    scopes",
    )

    found = faults(write(tmp_path, text))

    assert [fault.path for fault in found] == ["sinks.store.delivery.retry"]
