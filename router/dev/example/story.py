"""The steps of the example, in the order in which they are shown."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from rich.text import Text

from router.config.names import replay_topic
from router.dev.endpoints import Endpoints
from router.dev.example.counts import Counts, closes
from router.dev.example.events import REFUSED_CURRENCY, Run
from router.dev.example.receiver import Receiver
from router.dev.example.screen import Screen
from router.dev.example.sender import Sender
from router.dev.example.table import REPAIR, Table
from router.dev.example.watch import DEAD_LETTERS, PIPELINE, SINKS, Watch
from router.dlq.markers import Outcome, Resolution
from router.dlq.replay import put_back
from router.dlq.selection import Filter

_LOOK_SECONDS = 0.1
# A worker that was killed keeps its partitions for 45 seconds, and then everything has to be delivered.
_PATIENCE_SECONDS = 90.0
_SECOND_LOOK_SECONDS = 0.4


class Story:
    """Tells what happens, and makes it happen."""

    def __init__(self, screen: Screen, watch: Watch, endpoints: Endpoints, replay_command: str) -> None:
        self._screen = screen
        self._watch = watch
        self._servers = endpoints.bootstrap_servers
        self._replay_command = replay_command

    async def webhooks(self, run: Run, sender: Sender) -> None:
        """Post them all."""
        posts = run.posts()
        self._screen.step(
            "Webhooks come in",
            f"GitHub and a shop post {len(posts)} webhooks. Some are forged, some come twice, and some will be refused "
            "by their target. Forged ones get 401; the others 202, and only when Kafka has the event.",
        )
        sending = asyncio.create_task(sender.send(posts))
        try:
            while not sending.done():
                self._screen.show(await self._watch.counts())
                await asyncio.wait([sending], timeout=_LOOK_SECONDS)
        finally:
            sending.cancel()

    async def dead_letters(self) -> Counts:
        """Wait until every event is delivered or dead, and say why those are; returns the numbers then."""
        counts = await self._until(closes)
        self._screen.step(
            "What a target refuses becomes a dead letter",
            "It holds nobody up and is not lost: the sink's dead-letter topic has its bytes, and the reason.",
        )
        for label in SINKS:
            causes = Counter((letter.reason, letter.message) for letter in self._watch.letters(label))
            for (reason, message), count in causes.items():
                self._screen.say(Text.assemble(f"   {label:<8} {count:>3} ", (reason, "red")))
                self._screen.literally(f"        {message}")
        return counts

    async def repair(self, table: Table, receiver: Receiver) -> Counts:
        """Mend the causes, replay the dead letters, and wait for them; returns the numbers then."""
        self._screen.step(
            "The causes are repaired, the dead letters replayed",
            "Refunds have negative totals, which the table's constraint forbids; and the receiver does not know the "
            f"currency {REFUSED_CURRENCY}. Both are mended:",
        )
        await table.repair()
        self._screen.literally(f"   SQL  {REPAIR}")
        receiver.repair()
        self._screen.literally(f"   HTTP a version of the receiver that knows {REFUSED_CURRENCY} is deployed")
        for label, sink in SINKS.items():
            self._screen.literally(f"   $    {self._replay_command} --sink {sink}")
            ours = len(self._watch.letters(label))
            count = await asyncio.to_thread(self._replay, label, sink)
            others = f", {count - ours} of them of an earlier run" if count > ours else ""
            self._screen.literally(f"        {count} put back{others}")
            self._screen.show(await self._watch.counts())
        counts = await self._until(
            lambda counts: closes(counts) and not any(s.dead_lettered for s in counts.sinks.values())
        )
        self._screen.settle(counts)
        return counts

    def _replay(self, label: str, sink: str) -> int:
        resolution = Resolution(Outcome.PUT_BACK, "the example", "its cause is repaired", datetime.now(UTC))
        return put_back(self._servers, DEAD_LETTERS[label], replay_topic(PIPELINE, sink), Filter(), resolution)

    async def _until(self, is_settled: Callable[[Counts], bool]) -> Counts:
        """The numbers when they have settled, or when patience is at its end."""
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while True:
            counts = await self._watch.counts()
            self._screen.show(counts)
            if is_settled(counts):
                # What came too often would come now.
                await asyncio.sleep(_SECOND_LOOK_SECONDS)
                again = await self._watch.counts()
                if is_settled(again):
                    return again
            if asyncio.get_running_loop().time() > deadline:
                return counts
            await asyncio.sleep(_LOOK_SECONDS)
