"""The audit: one record for each change, and for each that was refused, in a topic that is kept for ever."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from router.config.names import audit_topic
from router.kafka.blocking import call_blocking
from router.kafka.clients import producer as producer_settings
from router.kafka.log import read_topic
from router.kafka.producer import AsyncProducer, Message
from router.rest.access import Caller

REFUSALS_PER_SECOND = 5
"""More are answered, but only counted: whoever has no token must not be able to fill a topic."""


class Audit:
    """The topic `<pipeline>.audit`."""

    def __init__(self, topic: str, producer: AsyncProducer) -> None:
        self._topic = topic
        self._producer = producer
        self._second = 0
        self._refused = 0
        self._left_out = 0

    async def write(self, caller: Caller, action: str, connector: str | None, outcome: str, detail: str = "") -> None:
        """Append a record; returning means durable.

        action: what was asked for, such as `PUT /connectors/{name}/config`. outcome: `done`, or why not.
        Raises ConnectorError.
        """
        record = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "who": caller.name,
            "role": caller.role,
            "from": caller.address,
            "action": action,
            "connector": connector,
            "outcome": outcome,
            "detail": detail,
        }
        value = json.dumps(record, ensure_ascii=False).encode()
        await self._producer.send([Message(self._topic, None, value, [], 0)])

    async def write_refused(self, caller: Caller, action: str, connector: str | None, detail: str) -> None:
        """Append a record of a request that was not allowed, unless there are too many. Raises ConnectorError."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._refused = second, 0
        self._refused += 1
        if self._refused > REFUSALS_PER_SECOND:
            self._left_out += 1
            return
        left_out, self._left_out = self._left_out, 0
        more = f" {left_out} more were refused before." if left_out else ""
        await self.write(caller, action, connector, "refused", detail + more)


@asynccontextmanager
async def open_audit(bootstrap_servers: str, pipeline: str) -> AsyncIterator[Audit]:
    """The audit, as long as the context lasts."""
    async with AsyncProducer(producer_settings(bootstrap_servers, f"con-{pipeline}-audit")) as producer:
        yield Audit(audit_topic(pipeline), producer)


async def read_audit(bootstrap_servers: str, pipeline: str, newest: int) -> list[dict[str, Any]]:
    """The newest records, the newest first. Raises ConnectorError."""

    def read() -> list[dict[str, Any]]:
        records = read_topic(bootstrap_servers, audit_topic(pipeline), newest=newest)
        return [json.loads(record.value) for record in records if record.value is not None]

    return (await call_blocking(read, "kafka-audit"))[::-1]
