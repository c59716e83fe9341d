"""Reads what COPY sends straight from libpq, many messages at a time."""

import asyncio

from psycopg import AsyncConnection
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

_ENDED = -1


class Wire:
    """A connection in COPY. psycopg's own way costs an `await` for every row, which is more than decoding it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._ended = False

    async def start(self, query: bytes) -> None:
        """Send the command that starts COPY, and wait until it has. Raises psycopg.Error."""
        self._ended = False
        self._pgconn.send_query(query)
        await self._result()

    async def messages(self, most: int) -> list[bytes]:
        """The messages that are there, at most so many; waits for the first; empty at the end. Raises psycopg.Error."""
        get = self._pgconn.get_copy_data
        taken: list[bytes] = []
        while not self._ended:
            while len(taken) < most:
                length, data = get(1)
                if length <= 0:
                    self._ended = length == _ENDED
                    break
                taken.append(bytes(data))
            if taken:
                return taken
            if not self._ended:
                await self._receive()
        while await self._result() is not None:
            pass
        return []

    def send(self, message: bytes) -> None:
        """Send a message of our own. Raises psycopg.Error."""
        self._pgconn.put_copy_data(message)
        # What does not fit into the socket's buffer goes with the next message.
        self._pgconn.flush()

    async def _result(self) -> PGresult | None:
        while self._pgconn.flush():
            await self._ready(writing=True)
        while self._pgconn.is_busy():
            await self._receive()
        result = self._pgconn.get_result()
        if result is not None and result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result)
        return result

    async def _receive(self) -> None:
        await self._ready(writing=False)
        self._pgconn.consume_input()

    async def _ready(self, *, writing: bool) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        descriptor = self._pgconn.socket
        add, remove = (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
        # As often as it is called until the descriptor is removed.
        add(descriptor, lambda: None if ready.done() else ready.set_result(None))
        try:
            await ready
        finally:
            remove(descriptor)
