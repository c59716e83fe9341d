"""Writes events as objects of S3, Google Cloud Storage, Azure Blob Storage or a directory, exactly once."""

from contextlib import AbstractAsyncContextManager

from router.api import Guarantee, Sink, SinkConnector
from sinks.object_store.config import ObjectStoreConfig


def _open(config: ObjectStoreConfig, name: str) -> AbstractAsyncContextManager[Sink]:
    # Every process loads all declarations; Arrow, which takes 50 MB, only one that has such a sink.
    from sinks.object_store.sink import open_sink  # noqa: PLC0415

    return open_sink(config, name)


connector = SinkConnector(
    name="object_store",
    version="1.0",
    summary="Writes events as Parquet, Avro or JSON lines to S3, GCS, Azure or a directory, exactly once.",
    config=ObjectStoreConfig,
    open=_open,
    hosts=lambda config: config.addresses,
    guarantee=Guarantee.EXACTLY_ONCE,
    max_batch_events=50_000,
    datasets=lambda config: config.datasets(),
)
