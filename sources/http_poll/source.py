"""The HTTP poll as a source: every stream in turn, in a run or in a backfill."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from router.api import ConnectorError, Emit, Position, Reason, Window
from sources.http_poll.client import Client, open_client
from sources.http_poll.config import HttpPollConfig
from sources.http_poll.position import Progress
from sources.http_poll.reading import Reading
from sources.http_poll.stream import Bounds, Stream
from sources.http_poll.window import windows

# Errors of one stream alone: the others can be read all the same.
_OWN = (
    Reason.TARGET_MISSING,
    Reason.PERMISSION_DENIED,
    Reason.PAYLOAD_MALFORMED,
    Reason.PAYLOAD_TOO_LARGE,
    Reason.CONFIG_INVALID,
    Reason.TARGET_BUSY,
)


class HttpPollSource:
    """Reads the streams of one API, one after the other."""

    def __init__(self, config: HttpPollConfig, client: Client) -> None:
        self._streams = [Stream(name, stream, client) for name, stream in config.streams.items()]

    async def run(self, emit: Emit, checkpoints: Mapping[str, Position]) -> None:
        """Read what is new in each stream; an error of one stream is raised after the others were read."""
        first_error: ConnectorError | None = None
        for stream in self._streams:
            try:
                progress = stream.progress(checkpoints.get(stream.name))
                bounds = Bounds(low=stream.cursor.low(progress.cursor))
                await Reading(stream, emit, progress, bounds, is_backfill=False).to_end()
            except ConnectorError as error:
                if error.reason not in _OWN:
                    raise
                first_error = first_error or error
        if first_error is not None:
            raise first_error

    async def backfill(self, emit: Emit, checkpoints: Mapping[str, Position], window: Window) -> None:
        """Read the window of each stream again. Raises ConnectorError."""
        for stream, bounds in windows(window, self._streams):
            progress = stream.progress(checkpoints.get(stream.name))
            if not progress.is_done:
                await Reading(stream, emit, progress, _gone_on(stream, bounds, progress), is_backfill=True).to_end()


def _gone_on(stream: Stream, bounds: Bounds, progress: Progress) -> Bounds:
    """The bounds from where the backfill was interrupted."""
    return bounds if progress.cursor is None else bounds._replace(low=stream.cursor.low(progress.cursor))


@asynccontextmanager
async def open_source(config: HttpPollConfig, name: str) -> AsyncIterator[HttpPollSource]:  # noqa: ARG001  contract
    """The source while the context lasts."""
    async with open_client(config) as client:
        yield HttpPollSource(config, client)
