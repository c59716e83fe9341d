"""Transports of the OpenLineage client: its own to an address, and ours to a topic.

The client's Kafka transport would bring a second producer, beside the one whose settings are checked here.
"""

import asyncio
from typing import TYPE_CHECKING

from openlineage.client.event_v2 import RunEvent
from openlineage.client.serde import Serde
from openlineage.client.transport import Transport
from openlineage.client.transport.http import HttpConfig, HttpTransport

from router.kafka.producer import AsyncProducer, Message

if TYPE_CHECKING:
    from openlineage.client.client import Event

SEND_SECONDS = 5.0


class TopicTransport(Transport):
    """Writes events to a topic as JSON, each under its job's name, so that a job's events stay in order.

    `emit` is called on another thread than the producer's loop, and waits until the event is durable.
    """

    kind = "topic"

    def __init__(self, producer: AsyncProducer, topic: str, loop: asyncio.AbstractEventLoop) -> None:
        self._producer = producer
        self._topic = topic
        self._loop = loop

    def emit(self, event: "Event") -> None:
        """Raises ConnectorError, TimeoutError."""
        key = f"{event.job.namespace}/{event.job.name}" if isinstance(event, RunEvent) else ""
        message = Message(
            self._topic, key.encode(), Serde.to_json(event).encode(), [("content-type", b"application/json")]
        )
        asyncio.run_coroutine_threadsafe(self._producer.send([message]), self._loop).result(SEND_SECONDS)


def http_transport(url: str) -> HttpTransport:
    """The client's own. It tries once: what comes later says the same again."""
    once = {"total": 0, "read": 0, "connect": 0}
    return HttpTransport(HttpConfig(url=url, timeout=SEND_SECONDS, retry=once))
