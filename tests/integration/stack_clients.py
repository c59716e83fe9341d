"""What a client does with each server of the stack: writes something, and reads it back."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from psycopg import sql

from router.dev.stack import Endpoints

_SECONDS = 20


def write_topic(endpoints: Endpoints, topic: str, values: list[bytes]) -> None:
    """Make the topic, and write the values to it."""
    admin = AdminClient({"bootstrap.servers": endpoints.bootstrap_servers})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(_SECONDS)
    producer = Producer({"bootstrap.servers": endpoints.bootstrap_servers, "acks": "all"})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(_SECONDS) == 0


def read_topic(endpoints: Endpoints, topic: str, count: int, *, protocol: str = "consumer") -> list[bytes]:
    """The first values of the topic, read as a new consumer group."""
    settings = {"group.id": topic, "group.protocol": protocol, "auto.offset.reset": "earliest"}
    consumer = Consumer({"bootstrap.servers": endpoints.bootstrap_servers, **settings})
    consumer.subscribe([topic])
    messages = consumer.consume(count, _SECONDS)
    consumer.close()
    return [message.value() or b"" for message in messages]


def register_schema(endpoints: Endpoints, subject: str) -> None:
    """Register a schema under the subject."""
    with SchemaRegistryClient({"url": endpoints.registry_url}) as registry:
        registry.register_schema(subject, Schema('{"type": "record", "name": "Order", "fields": []}', "AVRO"))


def subjects(endpoints: Endpoints) -> list[str]:
    """The registry's subjects."""
    with SchemaRegistryClient({"url": endpoints.registry_url}) as registry:
        return list(registry.get_subjects())


@contextmanager
def database(endpoints: Endpoints) -> Iterator[psycopg.Connection]:
    """A connection to the database."""
    with psycopg.connect(
        host=endpoints.postgres_host,
        port=endpoints.postgres_port,
        user=endpoints.postgres_user,
        password=endpoints.postgres_password,
        dbname=endpoints.postgres_database,
    ) as connection:
        yield connection


def write_table(endpoints: Endpoints, table: str, value: int) -> None:
    """Make the table, with one row."""
    with database(endpoints) as connection:
        connection.execute(sql.SQL("CREATE TABLE {} AS SELECT {} AS value").format(sql.Identifier(table), value))


def read_table(endpoints: Endpoints, table: str) -> int:
    """The value of the table's one row."""
    with database(endpoints) as connection:
        row = connection.execute(sql.SQL("SELECT value FROM {}").format(sql.Identifier(table))).fetchone()
        assert row is not None
        return int(row[0])
