"""Every single mistake is reported once, with its reason, path, line and fix."""

from pathlib import Path

import pytest

from router.api import Reason
from tests.unit.config.examples import VALID, faults, replaced, write

Mistake = tuple[str, str, Reason, str, int | None, str]

SHAPE: list[Mistake] = [
    ("name: shop\n", "", Reason.CONFIG_INVALID, "name", None, "Add `name`: The pipeline's name"),
    ("name: shop", "name: Shop!", Reason.CONFIG_INVALID, "name", 1, "The pipeline's name"),
    ("name: shop", "name: 7", Reason.CONFIG_INVALID, "name", 1, "quotes"),
    ("name: shop", "name: shop\nadmin: []", Reason.CONFIG_INVALID, "admin", 2, "key: value"),
    ("registry_url: http:", "registry_url: ftp:", Reason.CONFIG_INVALID, "kafka.registry_url", 4, "registry's address"),
    ("  registry_url", "  registy_url", Reason.CONFIG_KEY_UNKNOWN, "kafka.registy_url", 4, "`registry_url`"),
    ("name: shop", "name: shop\nflavour: x", Reason.CONFIG_KEY_UNKNOWN, "flavour", 2, "`kafka`"),
    ("  github:", "  Git Hub:", Reason.CONFIG_INVALID, 'sources."Git Hub"', 6, "See docs"),
    ("drop: true", "drop: yes", Reason.CONFIG_INVALID, "sources.github.routes[0].drop", 16, "`true` or `false`"),
    (
        "drop: true",
        "drop: true\n        topic: github.v1",
        Reason.ROUTE_INCOMPLETE,
        "sources.github.routes[0]",
        15,
        "one",
    ),
    ("port: 5432", 'port: "5432"', Reason.CONFIG_INVALID, "sinks.store.config.port", 29, "whole number"),
    ("port: 5432", "port: 05432", Reason.CONFIG_INVALID, "sinks.store.config.port", 29, "leading zero"),
    ("port: 5432", "port: 99999", Reason.CONFIG_INVALID, "sinks.store.config.port", 29, "The database's port."),
    ("port: 5432", "prot: 5432", Reason.CONFIG_KEY_UNKNOWN, "sinks.store.config.prot", 29, "`port`"),
    ("      host: 127.0.0.1\n", "", Reason.CONFIG_INVALID, "sinks.store.config.host", 27, "Add `host`"),
    ("scheme: plain", "scheme: plane", Reason.CONFIG_INVALID, "sources.github.config.verify.scheme", 13, "`plain`"),
    ("        drop: true\n", "", Reason.ROUTE_INCOMPLETE, "sources.github.routes[0]", 15, "exactly one"),
    (", secret:", ", secert:", Reason.CONFIG_KEY_UNKNOWN, "sources.github.config.verify.secert", 13, "`secret`"),
    ("    routes:", "    tenant: ''\n    routs:", Reason.CONFIG_KEY_UNKNOWN, "sources.github.routs", 15, "`routes`"),
    (
        "registry_url: http://127.0.0.1:8081",
        "registry_url: http://127.0.0.1:8081\n  topics: {min_insync_replicas: 2}",
        Reason.CONFIG_INVALID,
        "kafka.topics",
        5,
        "",
    ),
]

CONNECTORS: list[Mistake] = [
    ("connector: hook", "connector: hok", Reason.CONNECTOR_UNKNOWN, "sources.github.connector", 7, "`hook`"),
    ("connector: table", "connector: hook", Reason.CONNECTOR_UNKNOWN, "sinks.store.connector", 21, "`table`"),
    ("connector: table", "connector: os.system", Reason.CONNECTOR_UNKNOWN, "sinks.store.connector", 21, "`table`"),
    ("name: shop", "name: shop\nadmin: {port: 8080}", Reason.CONFIG_INVALID, "admin.port", 2, "own port"),
]

ROUTES: list[Mistake] = [
    ("when: type ==", "when: (type ==", Reason.EXPRESSION_INVALID, "sources.github.routes[0].when", 15, ""),
    ("key: subject", "key: subjekt", Reason.EXPRESSION_INVALID, "sources.github.routes[1].key", 18, "subject"),
    ("key: subject", "key: subject +", Reason.EXPRESSION_INVALID, "sources.github.routes[1].key", 18, ""),
    (
        "topic: github.v1\n        key: subject",
        "topic: github.v1\n        when: 'true'",
        Reason.ROUTE_INCOMPLETE,
        "sources.github.routes[1]",
        17,
        "without `when`",
    ),
    ('when: type == "ping"', "key: id", Reason.ROUTE_INCOMPLETE, "sources.github.routes[0]", 15, "Give it a `when`"),
]

SCOPES: list[Mistake] = [
    ("    scopes:", "    scops:", Reason.CONFIG_KEY_UNKNOWN, "sources.github.scops", 8, "`scopes`"),
    (
        '    scopes:\n      topics: [github.v1]\n      secrets: ["${env:HOOK_SECRET}"]\n',
        "",
        Reason.SCOPE_REQUIRED,
        "sources.github.scopes",
        6,
        "Add `scopes`",
    ),
    ("      topics: [github.v1]", "      topics: []", Reason.SCOPE_REQUIRED, "sources.github.scopes.topics", 9, "Add"),
    (
        "      topics: [github.v1]",
        "      topics: ['*', github.v1]",
        Reason.SCOPE_REQUIRED,
        "sources.github.scopes.topics[0]",
        9,
        "Name each",
    ),
    (
        '["127.0.0.1:5432"]',
        '["*"]',
        Reason.SCOPE_REQUIRED,
        "sinks.store.scopes.hosts[0]",
        26,
        "Name each",
    ),
    (
        "- topic: github.v1",
        "- topic: orders.v1",
        Reason.SCOPE_EXCEEDED,
        "sources.github.routes[1].topic",
        17,
        "sources.github.scopes.topics",
    ),
    (
        "    topics: [github.v1]\n    scopes",
        "    topics: [github.v1, orders.v1]\n    scopes",
        Reason.SCOPE_EXCEEDED,
        "sinks.store.topics[1]",
        22,
        "sinks.store.scopes.topics",
    ),
    (
        "password: ${env:DB_PASSWORD}",
        "password: ${env:PATH}",
        Reason.SCOPE_EXCEEDED,
        "sinks.store.config.password",
        30,
        "sinks.store.scopes.secrets",
    ),
    ("port: 5432\n", "port: 5433\n", Reason.SCOPE_EXCEEDED, "sinks.store.config", 27, "sinks.store.scopes.hosts"),
]

REFERENCES: list[Mistake] = [
    (
        "password: ${env:DB_PASSWORD}",
        "password: hunter22",
        Reason.SECRET_LITERAL,
        "sinks.store.config.password",
        30,
        "${env:NAME}",
    ),
    (
        "password: ${env:DB_PASSWORD}",
        "password: ${vault:../../other}",
        Reason.SECRET_LITERAL,
        "sinks.store.config.password",
        30,
        "${env:NAME}",
    ),
    (
        "password: ${env:DB_PASSWORD}",
        "password: ${env:${env:X}}",
        Reason.SECRET_LITERAL,
        "sinks.store.config.password",
        30,
        "${env:NAME}",
    ),
    ('["${env:DB_PASSWORD}"]', '["hunter22", "${env:DB_PASSWORD}"]', Reason.SECRET_LITERAL,
     "sinks.store.scopes.secrets[0]", 25, "${env:NAME}"),
    ('["${env:DB_PASSWORD}"]', '["${env:A B}", "${env:DB_PASSWORD}"]', Reason.CONFIG_INVALID,
     "sinks.store.scopes.secrets[0]", 25, ""),
    ('["127.0.0.1:5432"]', '["https://h", "127.0.0.1:5432"]', Reason.CONFIG_INVALID,
     "sinks.store.scopes.hosts[0]", 26, ""),
    ('["${env:DB_PASSWORD}"]', '["${file:../x}", "${env:DB_PASSWORD}"]', Reason.CONFIG_INVALID,
     "sinks.store.scopes.secrets[0]", 25, ""),
    ('["${env:DB_PASSWORD}"]', '["${file:/run/../x}", "${env:DB_PASSWORD}"]', Reason.CONFIG_INVALID,
     "sinks.store.scopes.secrets[0]", 25, ""),
    ("host: 127.0.0.1\n", "host: ${env:HOST}\n", Reason.CONFIG_INVALID, "sinks.store.config.host", 28, "itself"),
    ("host: 127.0.0.1\n", "host: ${${}}\n", Reason.CONFIG_INVALID, "sinks.store.config.host", 28, "itself"),
    (
        "http://127.0.0.1:8081",
        "http://u:${env:X}@h",
        Reason.CONFIG_INVALID,
        "kafka.registry_url",
        4,
        "itself",
    ),
    ("key: subject", "key: ${env:X}", Reason.CONFIG_INVALID, "sources.github.routes[1].key", 18, "itself"),
]  # fmt: skip

TOPICS: list[Mistake] = [
    (
        "    topics: [github.v1]\n    scopes",
        "    topics: [github.v1, shop.store.dlq]\n    scopes",
        Reason.CONFIG_INVALID,
        "sinks.store.topics[1]",
        22,
        "",
    ),
    (
        "    topics: [github.v1]\n    scopes",
        "    topics: [github.v1, __consumer_offsets]\n    scopes",
        Reason.CONFIG_INVALID,
        "sinks.store.topics[1]",
        22,
        "",
    ),
    ("- topic: github.v1", "- topic: a;drop", Reason.CONFIG_INVALID, "sources.github.routes[1].topic", 17, "publish"),
    ("- topic: github.v1", "- topic: ../../x", Reason.CONFIG_INVALID, "sources.github.routes[1].topic", 17, "publish"),
    ("- topic: github.v1", f"- topic: {'x' * 300}", Reason.CONFIG_INVALID, "sources.github.routes[1].topic", 17, ""),
]


@pytest.mark.parametrize(
    "mistake", SHAPE + CONNECTORS + ROUTES + SCOPES + REFERENCES + TOPICS, ids=lambda m: str(m[:2])
)
def test_a_mistake_is_reported_with_reason_path_line_and_fix(tmp_path: Path, mistake: Mistake) -> None:
    old, new, reason, path, line, fix = mistake
    file = write(tmp_path, replaced(old, new))

    found = faults(file)

    assert [(fault.reason, fault.path, fault.line, fault.file) for fault in found] == [(reason, path, line, file)]
    assert fix in (found[0].fix or "")
    assert found[0].message.endswith(".")


def test_the_valid_configuration_has_no_fault(tmp_path: Path) -> None:
    assert faults(write(tmp_path, VALID)) == ()
