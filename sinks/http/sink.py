"""The HTTP sink: a signed POST for each event."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router.api import Batch, Event
from sinks.http.answer import Answer
from sinks.http.client import Client, open_client
from sinks.http.config import HttpConfig
from sinks.http.message import body_of, headers_of
from sinks.http.outcome import outcome
from sinks.http.signing import Signer
from sinks.http.spans import Spans, note_answer, open_spans


class HttpSink:
    """At least once; each repetition carries the same `webhook-id` and `idempotency-key`."""

    def __init__(self, config: HttpConfig, client: Client, signer: Signer, spans: Spans | None = None) -> None:
        self._static = config.headers
        self._client = client
        self._signer = signer
        self._spans = spans
        self._free = asyncio.Semaphore(config.max_in_flight)

    async def write(self, batch: Batch) -> int:
        """Post the events, one after the other. Raises ConnectorError at the first that is not accepted."""
        for event in batch.events:
            # Before the clock of the request starts: partitions wait here for each other.
            async with self._free:
                await self._post(event)
        return 0

    async def _post(self, event: Event) -> None:
        body = body_of(event)
        headers = headers_of(event, body, self._signer, time.time())
        if self._static:
            headers |= self._static
        if self._spans is None:
            answer = await self._client.post(headers, body)
        else:
            answer = await self._traced(self._spans, headers, body)
        error = outcome(answer.status, answer.headers, time.time())
        if error is not None:
            raise error

    async def _traced(self, spans: Spans, headers: dict[str, str], body: bytes) -> Answer:
        with spans.request(headers) as span:
            answer = await self._client.post(headers, body)
            if span is not None:
                note_answer(span, answer.status, outcome(answer.status, answer.headers, time.time()))
        return answer


@asynccontextmanager
async def open_sink(config: HttpConfig, name: str) -> AsyncIterator[HttpSink]:  # noqa: ARG001  the contract's signature
    """The sink while the context lasts. Raises ConnectorError if the signing secret cannot be used."""
    signer = Signer(config.signing_secret)
    async with open_client(config.url, config.timeout_seconds) as client:
        yield HttpSink(config, client, signer, open_spans(config.url))
