"""The contract that connectors are written against; nothing here knows Kafka."""

from router.api.connector import ConnectorConfig, Guarantee, ReceiverConnector, SinkConnector, SourceConnector
from router.api.dataset import Dataset, http_dataset
from router.api.egress import Egress
from router.api.errors import ConnectorError, RecordsRefusedError
from router.api.event import Batch, Event, TopicPartition
from router.api.reasons import Action, ErrorClass, Reason
from router.api.record import Checkpoint, Encoded, Position, Record, Schema, Stream, Window
from router.api.rehearsal import Finding, Sending
from router.api.secret import Secret, UserName, revealed
from router.api.sink import PositionedSink, Sink
from router.api.source import (
    UNKNOWN_PEER,
    BackfillSource,
    Certificate,
    Emit,
    Items,
    Peer,
    Receiver,
    RefreshedReceiver,
    Reply,
    Request,
    Source,
)

__all__ = [
    "UNKNOWN_PEER",
    "Action",
    "BackfillSource",
    "Batch",
    "Certificate",
    "Checkpoint",
    "ConnectorConfig",
    "ConnectorError",
    "Dataset",
    "Egress",
    "Emit",
    "Encoded",
    "ErrorClass",
    "Event",
    "Finding",
    "Guarantee",
    "Items",
    "Peer",
    "Position",
    "PositionedSink",
    "Reason",
    "Receiver",
    "ReceiverConnector",
    "Record",
    "RecordsRefusedError",
    "RefreshedReceiver",
    "Reply",
    "Request",
    "Schema",
    "Secret",
    "Sending",
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
