"""What a configuration of the Postgres sink may say."""

from typing import Any

import pytest
from pydantic import ValidationError

from sinks.postgres import connector
from sinks.postgres.config import PostgresConfig
from tests.unit.sinks.examples import secret


def config(**changes: Any) -> PostgresConfig:
    settings = {"host": "db.example", "database": "d", "user": "u", "password": secret("p"), "table": "events"}
    return PostgresConfig.model_validate(settings | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"table": 'events"; DROP TABLE x; --'},
        {"table": "a.b.c"},
        {"table": "1events"},
        {"host": "a,b"},
        {"host": "/var/run/postgresql"},
        {"host": "db user=root"},
        {"mode": "upsert"},
        {"mode": "append", "key": ["id"]},
        {"mode": "upsert", "key": ["id", "id"]},
        {"mode": "upsert", "key": ["id; --"]},
        {"sslmode": "allow"},
        {"payload": "xml"},
        {"connections": 0},
        {"options": "-c fsync=off"},
    ],
)
def test_what_is_not_allowed_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**changes)


def test_a_password_that_is_written_out_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValidationError) as caught:
        config(password="hunter2")

    assert "hunter2" not in str(caught.value)


def test_a_configuration_shows_no_password() -> None:
    assert "p4ssw0rd" not in repr(config(password=secret("p4ssw0rd")))


@pytest.mark.parametrize(("host", "address"), [("db.example", "db.example:5432"), ("::1", "[::1]:5432")])
def test_the_only_address_is_the_servers(host: str, address: str) -> None:
    assert connector.hosts(config(host=host)) == (address,)
