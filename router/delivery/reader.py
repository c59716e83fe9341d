"""Reads events out of Kafka records, waiting for the registry where it must."""

import asyncio
import time

from router.api import Action, ConnectorError, Event, Schema
from router.delivery.backoff import Backoff
from router.delivery.dead_letter import Origin, first_offset
from router.delivery.observer import DeliveryObserver
from router.envelope.codec import Decoder, schema_id
from router.envelope.registry import Registry


class Reader:
    """Decodes the records of one partition. replayed: they come through the sink's replay topic."""

    def __init__(
        self,
        registry: Registry,
        backoff: Backoff,
        give_up_after_seconds: float,
        observer: DeliveryObserver,
        *,
        replayed: bool,
    ) -> None:
        self._registry = registry
        self._backoff = backoff
        self._give_up_after_seconds = give_up_after_seconds
        self._observer = observer
        self._replayed = replayed

    async def read(self, record: Origin) -> tuple[Event, Schema | None]:
        """The event, and the schema of its data. Raises ConnectorError only for what is wrong with the record."""
        number = schema_id(record.value)
        decoder = self._registry.known_decoder(number) or await self._await_decoder(number)
        version = first_offset(record, replayed=True) if self._replayed else record.offset
        return decoder.decode(record.value or b"", record.key, version), decoder.data

    async def _await_decoder(self, number: int) -> Decoder:
        unknown_since: float | None = None
        attempt = 0
        while True:
            try:
                return await self._registry.decoder(number)
            except ConnectorError as error:
                if error.action is Action.RETRY:
                    # A registry that was away may know less than it should at first: its time begins anew.
                    unknown_since = None
                elif error.action is Action.RETRY_THEN_DEAD_LETTER:
                    unknown_since = unknown_since or time.monotonic()
                    if time.monotonic() - unknown_since >= self._give_up_after_seconds:
                        raise
                else:
                    raise
                attempt += 1
                seconds = self._backoff.seconds(error, attempt)
                self._observer.failed(error.reason, seconds)
            await asyncio.sleep(seconds)
