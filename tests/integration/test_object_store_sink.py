"""The object store sink against a real S3 server: what it writes, and what it says where it cannot."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from router.api import ConnectorError, Reason
from router.dev.stack import Ports
from router.testing.conformance.exactly_once import Arrival, ExactlyOnceClaims, SinkTarget
from sinks.object_store import connector
from sinks.object_store.config import ObjectStoreConfig
from sinks.object_store.sink import open_sink
from tests.integration.object_stores import committed, configured, listed, objects, rows
from tests.integration.postgres_sinks import failure
from tests.integration.s3_server import KEY, REFERENCE, SECRET, S3Server, s3_server
from tests.unit.sinks.examples import PARTITION, batch, event


class Bucket(SinkTarget):
    """A bucket of its own."""

    def __init__(self, server: S3Server, name: str) -> None:
        self._place = server.bucket(name) / "events"
        self._settings = server.settings(name, partition_by=["type"])
        self.secrets = {REFERENCE: SECRET}

    @property
    def config(self) -> Mapping[str, Any]:
        return self._settings

    @property
    def away(self) -> Mapping[str, Any]:
        return {**self._settings, "endpoint": "http://127.0.0.1:1"}

    async def arrived(self) -> Sequence[Arrival]:
        return [Arrival(row["id"], row["idempotency_key"]) for file in objects(self._place) for row in rows(file)]


class TestS3(ExactlyOnceClaims):
    connector = connector

    @pytest.fixture
    def target(self, s3: S3Server, unique: Callable[[], str]) -> SinkTarget:
        return Bucket(s3, unique())


def secret(_reference: str) -> str:
    return SECRET


def config(server: S3Server, bucket: str, **changes: Any) -> ObjectStoreConfig:
    return configured(server.settings(bucket, **changes), secret)


async def claim_failure(settings: ObjectStoreConfig) -> ConnectorError:
    async with open_sink(settings, "shop.files") as sink:
        return await failure(sink.claim(PARTITION))


async def test_objects_are_named_by_partition_topic_and_offset(s3: S3Server, unique: Callable[[], str]) -> None:
    name = unique()
    directory = s3.bucket(name) / "events"
    some = [event(7, type="order.paid"), event(8, type="order/../created"), event(9, type="order.paid")]

    async with open_sink(config(s3, name, partition_by=["type"], partition_time="hour"), "shop.files") as sink:
        await sink.claim(PARTITION)
        await sink.write(batch(some, 7))

    [slashed, paid] = sorted(str(file.relative_to(directory)) for file in objects(directory))
    assert paid.startswith("orders.v1/type=order.paid/date=2026-11-23/hour=10/orders.v1-0-00000000000000000007-")
    assert slashed.startswith("orders.v1/type=order%2F..%2Fcreated/date=2026-11-23/hour=10/")
    assert sorted(listed(directory)) == sorted(committed(directory)) == ["e7", "e8", "e9"]


async def test_a_bucket_that_is_missing_is_named_with_its_fix(s3: S3Server) -> None:
    error = await claim_failure(config(s3, "no-such-bucket"))

    assert error.reason is Reason.TARGET_MISSING
    assert "Create the bucket" in (error.fix or "")


async def test_a_wrong_secret_is_refused_without_showing_anything_of_it(
    s3: S3Server, unique: Callable[[], str]
) -> None:
    name = unique()
    s3.bucket(name)

    error = await claim_failure(configured(s3.settings(name), lambda _reference: "another-secret-of-a-store"))

    assert error.reason is Reason.CREDENTIAL_REFUSED
    assert "another-secret" not in f"{error!r} {error} {error.fix}"
    assert KEY not in str(error)


async def test_a_changed_secret_is_used_at_once(s3: S3Server, unique: Callable[[], str]) -> None:
    name = unique()
    directory = s3.bucket(name) / "events"
    secrets = [SECRET, "wrong-for-a-while"]
    settings = configured(s3.settings(name), lambda _reference: secrets[0])

    async with open_sink(settings, "shop.files") as sink:
        await sink.claim(PARTITION)
        await sink.write(batch([event(0)], 0))
        secrets.reverse()
        refused = await failure(sink.write(batch([event(1)], 1)))
        secrets.reverse()
        await sink.write(batch([event(1)], 1))

    assert refused.reason is Reason.CREDENTIAL_REFUSED
    assert listed(directory) == committed(directory) == ["e0", "e1"]


async def test_a_server_that_comes_back_is_written_to_again(
    choose_ports: Callable[[], Ports], unique: Callable[[], str]
) -> None:
    name = unique()
    with s3_server(choose_ports().kafka) as server:
        directory = server.bucket(name) / "events"
        async with open_sink(config(server, name), "shop.files") as sink:
            await sink.claim(PARTITION)
            server.stop()
            away = await failure(sink.write(batch([event(0)], 0)))
            server.start()
            await sink.write(batch([event(0)], 0))
        found = listed(directory)

    assert away.reason is Reason.TARGET_UNREACHABLE
    assert found == ["e0"]


async def test_the_environment_changes_nothing(
    s3: S3Server, unique: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = unique()
    directory = s3.bucket(name) / "events"
    nowhere = "http://127.0.0.1:1"
    for variable in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, nowhere)
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(variable, "of-somebody-else")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true")

    async with open_sink(config(s3, name), "shop.files") as sink:
        await sink.claim(PARTITION)
        await sink.write(batch([event(0)], 0))

    assert listed(directory) == ["e0"]


async def test_ambient_credentials_are_those_of_the_environment(
    s3: S3Server, unique: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = unique()
    directory = s3.bucket(name) / "events"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    settings = s3.settings(name, ambient_credentials=True, access_key_id=None, secret_access_key=None)

    async with open_sink(configured(settings, secret), "shop.files") as sink:
        await sink.claim(PARTITION)
        await sink.write(batch([event(0)], 0))

    assert listed(directory) == ["e0"]


async def test_an_address_that_connectors_may_not_connect_to_is_denied(s3: S3Server) -> None:
    settings = ObjectStoreConfig.model_validate(s3.settings("some-bucket"), context={"resolve": secret})

    error = await claim_failure(settings)

    assert error.reason is Reason.EGRESS_DENIED


async def test_an_object_is_written_where_the_bucket_itself_is_the_place(
    s3: S3Server, unique: Callable[[], str]
) -> None:
    name = unique()
    directory: Path = s3.bucket(name)

    async with open_sink(config(s3, name, url=f"s3://{name}"), "shop.files") as sink:
        await sink.claim(PARTITION)
        await sink.write(batch([event(0)], 0))
    async with open_sink(config(s3, name, url=f"s3://{name}"), "shop.files") as sink:
        position = await sink.claim(PARTITION)

    assert position == 1
    assert listed(directory) == committed(directory) == ["e0"]
