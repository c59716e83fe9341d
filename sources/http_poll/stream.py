"""One stream: what is asked for, and what its answers mean."""

from typing import NamedTuple

from router.api import Position
from sources.http_poll.client import Client, Page
from sources.http_poll.config import StreamConfig
from sources.http_poll.cursor import CursorField, Value, is_before
from sources.http_poll.pages import Pages, Place
from sources.http_poll.position import Progress, progress
from sources.http_poll.records import Items


class Bounds(NamedTuple):
    """What a reading asks for and keeps.

    low: asked for from here. first, end: what is kept of that, from the first up to, not including, the end.
    """

    low: Value | None = None
    first: Value | None = None
    end: Value | None = None

    def keep(self, value: Value | None) -> bool:
        """Whether a record with this value is within."""
        if value is None:
            return True
        starts = self.first is None or not is_before(value, self.first)
        return starts and (self.end is None or is_before(value, self.end))


class Stream:
    """A stream of the configuration, ready to be read."""

    def __init__(self, name: str, config: StreamConfig, client: Client) -> None:
        self.name = name
        self.config = config
        self.cursor = CursorField(name, config.cursor)
        self.pages = Pages(name, config.pagination)
        self.items = Items(name, config, self.cursor)
        self._client = client

    @property
    def page_size(self) -> int | None:
        """How many records are asked for at once."""
        return self.config.pagination.size

    def progress(self, position: Position | None) -> Progress:
        """How far the stream has been read. Raises ConnectorError (CONFIG_INVALID)."""
        return progress(self.name, position, self.cursor)

    async def fetch(self, place: Place, bounds: Bounds) -> Page:
        """A page. Raises ConnectorError."""
        params = {
            **self.config.params,
            **self.cursor.parameters(bounds.low, bounds.end),
            **self.pages.parameters(place),
        }
        return await self._client.get(self.name, self.config, params, self.pages.link(place))
