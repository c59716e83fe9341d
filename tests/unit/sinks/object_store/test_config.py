"""What a configuration of the object store sink may say."""

from typing import Any

import pytest
from pydantic import ValidationError

from router.api import Dataset
from sinks.object_store.config import ObjectStoreConfig
from sinks.object_store.location import Location, location
from tests.unit.sinks.examples import secret

S3 = {"url": "s3://lake/events", "access_key_id": "AK", "secret_access_key": secret("s3cr3t")}
GS = {"url": "gs://lake/events", "service_account_key": secret("{}")}
AZ = {"url": "az://lake/events", "account": "shop1", "account_key": secret("a2V5")}
DIRECTORY = {"url": "file:///var/lib/events"}


def config(settings: dict[str, Any], **changes: Any) -> ObjectStoreConfig:
    return ObjectStoreConfig.model_validate(settings | changes)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("s3://lake", ("s3", "lake", "")),
        ("s3://lake/", ("s3", "lake", "")),
        ("gs://lake/a/b/", ("gs", "lake", "a/b")),
        ("az://lake/a=1/b", ("az", "lake", "a=1/b")),
        ("file:///var/lib/events/", ("file", "", "/var/lib/events")),
    ],
)
def test_a_url_is_taken_apart(url: str, parts: tuple[str, str, str]) -> None:
    assert location(url) == Location(*parts)  # type: ignore[arg-type]  # the first is a scheme


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lake/events",
        "http://lake/events",
        "s3://",
        "s3:///events",
        "s3://lake//events",
        "s3://lake/../events",
        "s3://lake/./events",
        "s3://lake/a b",
        "s3://lake/a?b",
        "s3://lake/" + "a/" * 80,
        "s3://user:password@lake/events",
        "file://host/events",
        "file:///var/../etc",
        "file:///",
    ],
)
def test_a_url_that_could_lead_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="must be s3://bucket/prefix"):
        config(S3, url=url)


@pytest.mark.parametrize(
    ("settings", "changes", "message"),
    [
        (S3, {"secret_access_key": None}, "takes access_key_id and secret_access_key"),
        (S3, {"account_key": secret("a")}, "and no others"),
        (S3, {"ambient_credentials": True}, "takes access_key_id and secret_access_key"),
        (GS, {"service_account_key": None}, "takes service_account_key"),
        (AZ, {"account_key": None}, "takes account_key"),
        (DIRECTORY, {"account_key": secret("a")}, "takes no credentials"),
        (DIRECTORY, {"ambient_credentials": True}, "a directory needs none"),
        (GS, {"region": "eu"}, "for s3:// only"),
        (AZ, {"endpoint": "https://store.example"}, "for s3:// only"),
        (AZ, {"account": None}, "needed for az://"),
        (S3, {"account": "shop1"}, "for that only"),
        (S3, {"format": "avro", "compression": "zstd"}, "Avro takes none or gzip"),
        (S3, {"partition_by": ["type", "data.type"]}, "the same name"),
        (S3, {"partition_by": ["data.date"]}, "the same name"),
        (S3, {"partition_by": ["idempotency_key"]}, "pattern"),
        (S3, {"partition_by": ["data.a/b"]}, "pattern"),
        (S3, {"endpoint": "ftp://store.example"}, "without a path"),
        (S3, {"endpoint": "https://store.example/path"}, "without a path"),
        (S3, {"endpoint": "https://store.example:70000"}, "without a path"),
        (S3, {"retries": 3}, "Extra inputs"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    settings: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        config(settings, **changes)


def test_no_secret_is_in_the_text_of_a_configuration() -> None:
    assert "s3cr3t" not in repr(config(S3))


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        (S3, ("s3.us-east-1.amazonaws.com:443",)),
        (S3 | {"region": "eu-central-1"}, ("s3.eu-central-1.amazonaws.com:443",)),
        (S3 | {"endpoint": "http://127.0.0.1:9000"}, ("127.0.0.1:9000",)),
        (S3 | {"endpoint": "https://[::1]"}, ("[::1]:443",)),
        (GS, ("storage.googleapis.com:443",)),
        (AZ, ("shop1.blob.core.windows.net:443",)),
        (DIRECTORY, ()),
    ],
)
def test_the_server_of_each_store_is_known_for_the_scopes(settings: dict[str, Any], address: tuple[str, ...]) -> None:
    assert config(settings).addresses == address


@pytest.mark.parametrize(
    ("form", "codec"), [("parquet", "zstd"), ("avro", "gzip"), ("jsonl", "gzip")], ids=["parquet", "avro", "jsonl"]
)
def test_each_format_has_a_compression_of_its_own(form: str, codec: str) -> None:
    assert config(S3, format=form).codec == codec
    assert config(S3, format=form, compression="none").codec == "none"


@pytest.mark.parametrize(
    ("settings", "dataset"),
    [
        (S3, Dataset("s3://lake", "events")),
        (S3 | {"url": "s3://lake"}, Dataset("s3://lake", "/")),
        (AZ, Dataset("wasbs://lake@shop1.blob.core.windows.net", "events")),
        (DIRECTORY, Dataset("file", "/var/lib/events")),
    ],
)
def test_lineage_names_the_place_as_openlineage_does(settings: dict[str, Any], dataset: Dataset) -> None:
    assert config(settings).datasets() == (dataset,)
