"""What can be said before running: whether the API answers as configured, and what there is to read."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from router import api
from sources.http_poll.client import Page, open_client
from sources.http_poll.config import HttpPollConfig, StreamConfig
from sources.http_poll.cursor_config import NoCursor
from sources.http_poll.exact_json import plain_text
from sources.http_poll.selector import Selector
from sources.http_poll.stream import Bounds, Stream

_MAX_DIGITS = 18


async def check(config: HttpPollConfig) -> None:
    """Ask for one record of every stream, and look whether it is as configured. Raises ConnectorError."""
    async with _first_pages(config) as pages:
        async for stream, page in pages:
            stream.items.of(page)


async def discover(config: HttpPollConfig) -> Sequence[api.Stream]:
    """The streams; their data is bytes, so that they have no schema. Raises ConnectorError."""
    found = []
    async with _first_pages(config) as pages:
        async for stream, page in pages:
            stream.items.of(page)
            found.append(api.Stream(stream.name, None, _key(stream.config), _total(stream.config, page)))
    return found


@asynccontextmanager
async def _first_pages(config: HttpPollConfig) -> AsyncIterator[AsyncIterator[tuple[Stream, Page]]]:
    async with open_client(config) as client:

        async def pages() -> AsyncIterator[tuple[Stream, Page]]:
            for name, own in config.streams.items():
                stream = Stream(name, _with_one_record(own), client)
                yield stream, await stream.fetch(None, Bounds(low=stream.cursor.low(None)))

        yield pages()


def _with_one_record(config: StreamConfig) -> StreamConfig:
    """The same with pages of one record, if the API can be asked for that."""
    if config.pagination.size is None:
        return config
    return config.model_copy(update={"pagination": config.pagination.model_copy(update={"size": 1})})


def _key(config: StreamConfig) -> tuple[str, ...]:
    """The fields that make an event's identity."""
    parts = [config.id] if config.id else []
    if parts and config.versioned_by == "cursor" and not isinstance(config.cursor, NoCursor):
        parts.append(config.cursor.selector)
    return tuple(parts)


def _total(config: StreamConfig, page: Page) -> int | None:
    text = plain_text(Selector(config.total).find(page.document)) if config.total else None
    return int(text) if text is not None and text.isdigit() and len(text) <= _MAX_DIGITS else None
