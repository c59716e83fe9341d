"""What our connectors declare to read and write."""

from router.api import Dataset, Secret
from sinks import http, postgres
from sources import http_poll, postgres_cdc, sql_poll

PASSWORD = Secret("${env:EXAMPLE}", lambda _reference: "hidden")


def test_a_table_is_named_by_its_server_database_and_schema() -> None:
    server = {"host": "db", "database": "shop", "user": "app", "password": PASSWORD}

    written = postgres.connector.datasets(postgres.connector.config.model_validate(server | {"table": "orders"}))
    followed = {"tables": ["sales.orders", "public.lines"], "slot": "s"}
    read = postgres_cdc.connector.datasets(postgres_cdc.connector.config.model_validate(server | followed))

    assert written == (Dataset("postgres://db:5432", "shop.public.orders"),)
    assert [dataset.name for dataset in read] == ["shop.sales.orders", "shop.public.lines"]


def test_a_polled_table_is_named_as_its_database_s_own_clients_name_it() -> None:
    stream = {"table": "orders", "mode": "incrementing", "incrementing_column": "id"}
    query = {"query": "SELECT 1 AS id", "mode": "incrementing", "incrementing_column": "id"}
    config = {"host": "db", "database": "shop", "streams": {"orders": stream, "other": query}}

    of_postgres = sql_poll.connector.config.model_validate(config | {"driver": "postgresql+psycopg"})
    of_mysql = sql_poll.connector.config.model_validate(config | {"driver": "mysql+pymysql"})

    assert sql_poll.connector.datasets(of_postgres) == (Dataset("postgres://db:5432", "shop.public.orders"),)
    assert sql_poll.connector.datasets(of_mysql) == (Dataset("mysql://db:3306", "shop.orders"),)


def test_an_api_s_streams_and_an_endpoint_are_named_without_parameters() -> None:
    api = {"base_url": "https://api.example.com/v1", "streams": {"orders": {"path": "/orders?key=hidden"}}}
    endpoint = {"url": "https://example.com/in?token=hidden", "signing_secret": PASSWORD}

    read = http_poll.connector.datasets(http_poll.connector.config.model_validate(api))
    written = http.connector.datasets(http.connector.config.model_validate(endpoint))

    assert read == (Dataset("https://api.example.com:443", "/v1/orders"),)
    assert written == (Dataset("https://example.com:443", "/in"),)
