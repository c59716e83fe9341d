"""A member of a consumer group for asyncio: fetches batches, and says which partitions come and go."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as Offset

from router.api import ConnectorError, Reason
from router.kafka.clients import CLASSIC_PROTOCOL, CONSUMER_PROTOCOL
from router.kafka.errors import translate
from router.kafka.producer import Headers

Place = tuple[str, int]
"""A topic and the number of a partition."""


class Consumed(NamedTuple):
    """A record as it was consumed. Headers and timestamp are read only where they are needed."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    message: "Message[bytes, bytes]"

    @property
    def headers(self) -> Headers:
        """The headers, in order."""
        headers = self.message.headers()
        return list(headers.items() if isinstance(headers, dict) else headers or ())

    @property
    def timestamp_ms(self) -> int:
        """Milliseconds since the epoch, as the broker has it."""
        return self.message.timestamp()[1]


_WAIT_SECONDS = 0.05
_REVOKE_SECONDS = 60
_CLOSE_SECONDS = 8
_LOOKUP_SECONDS = 10
_SEEK_ATTEMPTS = 50
_SEEK_PAUSE_SECONDS = 0.1


class Assignments(Protocol):
    """Who is told of assignments; called on the event loop."""

    async def assigned(self, places: Collection[Place]) -> None:
        """These partitions are ours now, and paused until `GroupConsumer.begin`, or `resume`."""
        ...

    async def revoked(self, places: Collection[Place], *, lost: bool) -> Mapping[Place, int]:
        """These partitions go to somebody else; returns the offsets to commit. lost: they are gone already."""
        ...


class GroupConsumer:
    """One librdkafka consumer; its blocking calls run on a thread of its own.

    from_group: partitions go on where the group left off, with `resume`; otherwise wherever `begin` says, and nowhere
    else.
    """

    def __init__(
        self,
        config: dict[str, Any],
        topics: Sequence[str],
        assignments: Assignments,
        protocol: Mapping[str, Any] = CONSUMER_PROTOCOL,
        *,
        from_group: bool = True,
    ) -> None:
        self._config = config
        self._from_group = from_group
        self._topics = list(topics)
        self._assignments = assignments
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-consumer")
        self._consumer = self._subscribe(protocol)
        self._classic = protocol is CLASSIC_PROTOCOL
        # What is to be called on the consumer's thread: elsewhere a call waits for the one that is under way.
        self._due: deque[Callable[[], object]] = deque()
        # Given back during the fetch that is under way, which may hold some of their records already.
        self._left: set[Place] = set()

    async def fetch(self, limit: int) -> list[Consumed]:
        """Up to `limit` messages; waits a twentieth of a second at most. Also serves rebalances.

        Raises ConnectorError if the group cannot be joined for a reason that waiting does not mend.
        """
        return await self._loop.run_in_executor(self._thread, self._fetch, limit)

    async def left_off(self, place: Place) -> int:
        """Where the group left off; if it has never been in the partition, its beginning. Raises ConnectorError."""
        return await self._loop.run_in_executor(self._thread, self._left_off, place)

    async def begin(self, place: Place, offset: int, ready: Callable[[], None]) -> None:
        """Go to the offset and let the partition flow.

        ready is called in between: records fetched before it belong to the old position, those after to the new.
        """
        await self._seek(place, offset)
        ready()
        self.resume([place])

    def pause(self, places: Collection[Place]) -> None:
        """Fetch no more of these; membership goes on."""
        self._due.append(lambda: self._consumer.pause(_offsets(places)))

    def resume(self, places: Collection[Place]) -> None:
        """Fetch these again."""
        self._due.append(lambda: self._consumer.resume(_offsets(places)))

    def store(self, offsets: Mapping[Place, int]) -> None:
        """Mark everything before the offsets as done; committed within a tenth of a second."""
        self._due.append(lambda: self._store(offsets))

    def _store(self, offsets: Mapping[Place, int]) -> None:
        try:
            self._consumer.store_offsets(
                offsets=[Offset(place[0], place[1], offset) for place, offset in offsets.items()]
            )
        except KafkaException as error:
            # The partition was moved on between the delivery and this call; its new owner goes on from the last commit.
            if error.args[0].code() != KafkaError._STATE:
                raise translate(error, "storing offsets") from error

    async def close(self) -> None:
        """Commit what is stored and leave the group; where no broker answers, it is left within seconds all the same.

        The client itself would wait for the brokers for ever, and a process that has been told to stop with it.
        """
        closed = asyncio.Event()
        await self._loop.run_in_executor(self._thread, lambda: None)  # a fetch may be under way
        self._thread.shutdown(wait=False)
        # A daemon, since the interpreter waits for every other thread before it ends.
        threading.Thread(target=self._close, args=(closed,), name="kafka-close", daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await closed.wait()

    def _close(self, closed: asyncio.Event) -> None:
        try:
            self._consumer.close()
        finally:
            with suppress(RuntimeError):  # the loop is gone: nobody waits any longer
                self._loop.call_soon_threadsafe(closed.set)

    def _left_off(self, place: Place) -> int:
        try:
            [found] = self._consumer.committed([Offset(*place)], timeout=_LOOKUP_SECONDS)
            if found.error is not None:
                raise translate(found.error, "looking up where the group left off")
            if found.offset >= 0:
                return found.offset
            beginning, _ = self._consumer.get_watermark_offsets(Offset(*place), timeout=_LOOKUP_SECONDS)
        except KafkaException as error:
            raise translate(error, "looking up where the group left off") from error
        return beginning

    def _subscribe(self, protocol: Mapping[str, Any]) -> Consumer:
        consumer = Consumer(self._config | dict(protocol))
        consumer.subscribe(self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)
        return consumer

    def _fetch(self, limit: int) -> list[Consumed]:
        self._catch_up()
        self._left.clear()
        messages = self._consumer.consume(1, _WAIT_SECONDS)
        if messages and limit > 1:
            messages += self._consumer.consume(limit - 1, 0)
        fetched = []
        for message in messages:
            error = message.error()
            if error is not None:
                self._check(error)
            elif (message.topic(), message.partition()) not in self._left:
                fetched.append(consumed(message))
        return fetched

    def _check(self, error: KafkaError) -> None:
        if error.code() == KafkaError._UNSUPPORTED_FEATURE and not self._classic:
            # The broker is older than 4.0, or has the new protocol switched off.
            self._classic = True
            self._consumer.close()
            self._consumer = self._subscribe(CLASSIC_PROTOCOL)
            return
        translated = translate(error, "consuming")
        if error.fatal() or translated.reason in (Reason.PERMISSION_DENIED, Reason.CREDENTIAL_REFUSED):
            raise translated

    async def _seek(self, place: Place, offset: int) -> None:
        for _ in range(_SEEK_ATTEMPTS):
            try:
                # On the consumer's thread: what an earlier fetch still holds arrives before the seek is over.
                await self._loop.run_in_executor(self._thread, self._go_to, place, offset)
            except KafkaException as error:
                # Right after an assignment the fetcher may not have started yet.
                if error.args[0].code() not in (KafkaError._STATE, KafkaError._TIMED_OUT, KafkaError._IN_PROGRESS):
                    raise translate(error, "seeking") from error
                await asyncio.sleep(_SEEK_PAUSE_SECONDS)
            else:
                return
        raise ConnectorError(Reason.STALE_GENERATION, f"Partition {place[0]}-{place[1]} could not be positioned.")

    # All below run on the consumer's thread, the last three inside `consume`.

    def _go_to(self, place: Place, offset: int) -> None:
        # A pause from before would undo the seek: it remembers where the application is.
        self._catch_up()
        self._consumer.seek(Offset(place[0], place[1], offset))

    def _catch_up(self) -> None:
        while self._due:
            self._due.popleft()()

    def _on_assign(self, consumer: Consumer, offsets: list[Offset]) -> None:
        if not self._from_group:
            # Some number, since the look-up of where the group left off would still be under way when `begin` seeks,
            # and undo that (https://github.com/confluentinc/librdkafka/issues/2256). Nothing is fetched from there.
            offsets = [Offset(offset.topic, offset.partition, 0) for offset in offsets]
        consumer.incremental_assign(offsets)
        consumer.pause(offsets)
        places = [(offset.topic, offset.partition) for offset in offsets]
        self._call(self._assignments.assigned(places))

    def _on_revoke(self, consumer: Consumer, offsets: list[Offset]) -> None:
        places = [(offset.topic, offset.partition) for offset in offsets]
        self._left.update(places)
        done = self._call(self._assignments.revoked(places, lost=False))
        if done:
            # If it fails, the next owner goes on from the last commit and repeats what came after: at least once.
            with suppress(KafkaException):
                consumer.commit(
                    offsets=[Offset(place[0], place[1], offset) for place, offset in done.items()], asynchronous=False
                )
        consumer.incremental_unassign(offsets)

    def _on_lost(self, consumer: Consumer, offsets: list[Offset]) -> None:
        places = [(offset.topic, offset.partition) for offset in offsets]
        self._left.update(places)
        self._call(self._assignments.revoked(places, lost=True))
        consumer.incremental_unassign(offsets)

    def _call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_REVOKE_SECONDS)


def _offsets(places: Collection[Place]) -> list[Offset]:
    return [Offset(topic, partition) for topic, partition in places]


def consumed(message: "Message[bytes, bytes]") -> Consumed:
    """The client's message as a record."""
    return Consumed(
        message.topic() or "",
        message.partition() or 0,
        message.offset() or 0,
        message.key(),
        message.value(),
        message,
    )
