"""The contract that connectors are written against; nothing here knows Kafka."""

from router.api.connector import ConnectorConfig, Guarantee, ReceiverConnector, SinkConnector, SourceConnector
from router.api.dataset import Dataset, http_dataset
from router.api.errors import ConnectorError, RecordsRefusedError
from router.api.event import Batch, Event, TopicPartition
from router.api.reasons import Action, ErrorClass, Reason
from router.api.record import Checkpoint, Position, Record, Schema, Stream, Window
from router.api.secret import Secret, UserName, revealed
from router.api.sink import PositionedSink, Sink
from router.api.source import BackfillSource, Emit, Receiver, Request, Source

__all__ = [
    "Action",
    "BackfillSource",
    "Batch",
    "Checkpoint",
    "ConnectorConfig",
    "ConnectorError",
    "Dataset",
    "Emit",
    "ErrorClass",
    "Event",
    "Guarantee",
    "Position",
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
    "SourceConnector",
    "Stream",
    "TopicPartition",
    "UserName",
    "Window",
    "http_dataset",
    "revealed",
]
