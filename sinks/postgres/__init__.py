"""Writes events into a Postgres table, exactly once."""

from router.api import Guarantee, SinkConnector
from sinks.postgres.config import PostgresConfig
from sinks.postgres.sink import open_sink

connector = SinkConnector(
    name="postgres",
    version="1.0",
    summary="Writes events into a Postgres table, by append or upsert, exactly once.",
    config=PostgresConfig,
    open=open_sink,
    hosts=lambda config: (config.address,),
    guarantee=Guarantee.EXACTLY_ONCE,
    max_batch_events=5_000,
    datasets=lambda config: config.datasets(),
)
