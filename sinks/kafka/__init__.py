"""Writes events to a topic of this or another Kafka cluster, exactly once."""

from router.api import Guarantee, SinkConnector
from sinks.kafka.config import KafkaConfig
from sinks.kafka.sink import open_sink

connector = SinkConnector(
    name="kafka",
    version="1.0",
    summary="Writes events to a topic of this or another Kafka cluster, exactly once.",
    config=KafkaConfig,
    open=open_sink,
    hosts=lambda config: config.addresses,
    guarantee=Guarantee.EXACTLY_ONCE,
    max_batch_events=5_000,
    datasets=lambda config: config.datasets(),
)
