from typing import Any

import pytest
from pydantic import ValidationError

from sources.sql_poll.config import SqlPollConfig, hosts
from tests.unit.sinks.examples import secret

STREAM = {"mode": "incrementing", "table": "orders", "incrementing_column": "id"}


def config(**changes: Any) -> SqlPollConfig:
    whole = {"driver": "postgresql+psycopg", "host": "db", "database": "shop", "streams": {"orders": STREAM}}
    return SqlPollConfig.model_validate(whole | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "postgresql://me:hunter2@db/shop"},
        {"password": "hunter2"},
        {"host": "me:hunter2@db"},
        {"host": "db,other"},
        {"host": None},
        {"options": {"password": "hunter2"}},
        {"options": {"host": "elsewhere"}},
        {"driver": "postgresql://hunter2"},
        {"driver": "sqlite", "database": "/data/file"},
        {"driver": "sqlite", "host": None, "database": "relative.db"},
        {"driver": "unknown"},
        {"time_zone": "Mars/Olympus"},
        {"streams": {"orders": STREAM | {"query": "SELECT 1"}}},
        {"streams": {"orders": {"mode": "incrementing", "incrementing_column": "id"}}},
        {"streams": {"orders": STREAM | {"mode": "timestamp"}}},
    ],
)
def test_what_cannot_work_or_is_a_secret_is_refused_without_showing_it(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        config(**changes)

    assert "hunter2" not in str(caught.value)


def test_hosts_have_the_database_s_own_port_and_a_file_has_none() -> None:
    assert hosts(config()) == ("db:5432",)
    assert hosts(config(driver="mysql+pymysql")) == ("db:3306",)
    assert hosts(config(port=1)) == ("db:1",)
    assert hosts(config(driver="sqlite", host=None, database="/data/file")) == ()


def test_the_password_is_used_and_not_shown() -> None:
    made = config(user="me", password=secret("p@ss/word"))

    assert made.url().password == "p@ss/word"
    assert "p@ss" not in repr(made)
    assert "p@ss" not in str(made.url())
