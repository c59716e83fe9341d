"""The HTTP sink: a signed POST for each event."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus

from router.api import Batch, Event
from sinks.http.answer import Answer
from sinks.http.client import Client, open_client
from sinks.http.config import HttpConfig
from sinks.http.headers import ExtraHeaders
from sinks.http.message import body_of, headers_of
from sinks.http.outcome import outcome
from sinks.http.signing import Signer
from sinks.http.spans import Spans, note_answer, open_spans
from sinks.http.tokens import Tokens


class HttpSink:
    """At least once; each repetition carries the same `webhook-id` and `idempotency-key`."""

    def __init__(
        self, config: HttpConfig, client: Client, signer: Signer, tokens: Tokens | None, spans: Spans | None
    ) -> None:
        """Raises ConnectorError (SECRET_NOT_FOUND, SECRET_UNUSABLE) if a secret of the headers cannot be used."""
        self._extra = ExtraHeaders(config.headers)
        self._client = client
        self._signer = signer
        self._tokens = tokens
        self._spans = spans
        self._free = asyncio.Semaphore(config.max_in_flight)

    async def write(self, batch: Batch) -> int:
        """Post the events, one after the other. Raises ConnectorError at the first that is not accepted."""
        for event in batch.events:
            # Before the clock of the request starts: partitions wait here for each other.
            async with self._free:
                await self._deliver(event)
        return 0

    async def _deliver(self, event: Event) -> None:
        body = body_of(event)
        if self._tokens is None:
            answer = await self._post(self._headers(event, body), body)
        else:
            answer = await self._authorized(self._tokens, event, body)
        error = outcome(answer.status, answer.headers, time.time())
        if error is not None:
            raise error

    async def _authorized(self, tokens: Tokens, event: Event, body: bytes) -> Answer:
        token = await tokens.header()
        answer = await self._post(self._headers(event, body) | {"authorization": token}, body)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            # It may have been withdrawn before its end.
            tokens.refused(token)
            token = await tokens.header()
            answer = await self._post(self._headers(event, body) | {"authorization": token}, body)
        return answer

    def _headers(self, event: Event, body: bytes) -> dict[str, str]:
        headers = headers_of(event, body, self._signer, time.time())
        headers |= self._extra.current()
        return headers

    async def _post(self, headers: dict[str, str], body: bytes) -> Answer:
        if self._spans is None:
            return await self._client.post(headers, body)
        with self._spans.request(headers) as span:
            answer = await self._client.post(headers, body)
            if span is not None:
                note_answer(span, answer.status, outcome(answer.status, answer.headers, time.time()))
        return answer


@asynccontextmanager
async def open_sink(config: HttpConfig, name: str) -> AsyncIterator[HttpSink]:  # noqa: ARG001  the contract's signature
    """The sink while the context lasts. Raises ConnectorError if a secret or a certificate cannot be used."""
    signer = Signer(config.signing_secret)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            open_client(config.url, config.timeout_seconds, config.egress, config.tls)
        )
        tokens = await _open_tokens(config, stack)
        yield HttpSink(config, client, signer, tokens, open_spans(config.url))


async def _open_tokens(config: HttpConfig, stack: AsyncExitStack) -> Tokens | None:
    auth = config.auth
    if auth is None:
        return None
    client = open_client(auth.token_url, config.timeout_seconds, config.egress, auth.tls)
    tokens = Tokens(auth, await stack.enter_async_context(client))
    stack.callback(tokens.close)
    return tokens
