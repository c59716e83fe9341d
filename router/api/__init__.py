"""The contract that connectors are written against; nothing here knows Kafka."""

from router.api.connector import ConnectorConfig, Guarantee, ReceiverConnector, SinkConnector
from router.api.errors import ConnectorError, RecordsRefusedError
from router.api.event import Batch, Event, TopicPartition
from router.api.reasons import Action, ErrorClass, Reason
from router.api.record import Checkpoint, Record, Schema
from router.api.secret import Secret
from router.api.sink import PositionedSink, Sink
from router.api.source import Emit, Receiver, Request, Source

__all__ = [
    "Action",
    "Batch",
    "Checkpoint",
    "ConnectorConfig",
    "ConnectorError",
    "Emit",
    "ErrorClass",
    "Event",
    "Guarantee",
    "PositionedSink",
    "Reason",
    "Receiver",
    "ReceiverConnector",
    "Record",
    "RecordsRefusedError",
    "Request",
    "Schema",
    "Secret",
    "Sink",
    "SinkConnector",
    "Source",
    "TopicPartition",
]
