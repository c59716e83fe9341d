"""`router dev --example`: the stack, the pipeline and the story, put together."""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from router.dev.endpoints import HOST, Endpoints, Ports
from router.dev.example.arrivals import Arrivals
from router.dev.example.books import show_balance
from router.dev.example.events import Run
from router.dev.example.guest import invite, show_places
from router.dev.example.pipeline import Pipeline
from router.dev.example.place import Place, shown
from router.dev.example.ports import ExamplePorts
from router.dev.example.receiver import Receiver
from router.dev.example.screen import Screen
from router.dev.example.sender import Sender
from router.dev.example.story import Story
from router.dev.example.table import Table
from router.dev.example.tail import Tail
from router.dev.example.watch import DEAD_LETTERS, TOPICS, Watch
from router.dev.progress import progress_on
from router.dev.stack import Stack

_POSTS_A_SECOND = 60


def run_example(ports: ExamplePorts, home: Path, *, reset: bool, once: bool) -> bool:
    """Run it; returns whether the balance closes.

    once: end after the balance; otherwise stay until Ctrl-C or SIGTERM, and show the user's own events.
    Raises ConnectorError: as Stack.start and Stack.reset; STACK_COMPONENT_FAILED when a process ends by itself.
    """
    # A stop asked for by a terminal that closes, or by a process manager, ends in good order as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    if reset:
        Stack.reset(home)
    screen = Screen(Console(highlight=False))
    stack_ports = Ports(ports.kafka, ports.registry, ports.postgres, ports.kafka_controller)
    stack = Stack(home, stack_ports, progress=progress_on(screen.console))
    try:
        screen.step("Start", "A real Kafka, schema registry and PostgreSQL from Python packages, and `router run`.")
        endpoints = stack.start()
        example = _Example(screen, Place(home), _actual(ports, endpoints), endpoints)
        try:
            asyncio.run(example.run(stack, once=once))
        except KeyboardInterrupt:
            if example.closes is None:
                raise
        return bool(example.closes)
    finally:
        screen.close()
        if stack.is_owner:
            screen.say("Stopping ...")
        stack.stop()


class _Example:
    """Everything that runs beside the stack, opened together and closed together."""

    def __init__(self, screen: Screen, place: Place, ports: ExamplePorts, endpoints: Endpoints) -> None:
        self._screen = screen
        self._place = place
        self._endpoints = endpoints
        self._ports = ports
        self._ingress = f"http://{HOST}:{ports.ingress}"
        self._admin = f"http://{HOST}:{ports.admin}"
        self.closes: bool | None = None
        self._router = shown(Path(sys.executable).with_name("router"))

    async def run(self, stack: Stack, *, once: bool) -> None:
        """Tell the story, and stay. `closes` then says whether the balance does; None if it did not come so far."""
        place, endpoints, screen = self._place, self._endpoints, self._screen
        keys = place.secrets()
        run, sender = Run(keys), Sender(self._ingress, _POSTS_A_SECOND)
        async with AsyncExitStack() as opened:
            opened.enter_context(place.held())
            place.write_pipeline(self._ports)
            table = await opened.enter_async_context(await Table.open(endpoints))
            await table.prepare()
            receiver = await opened.enter_async_context(Receiver(self._ports.receiver, keys.notify))
            variables = keys.variables(endpoints.postgres_password)
            pipeline = Pipeline(place.pipeline, variables, place.log, self._admin)
            await opened.enter_async_context(pipeline)
            await pipeline.ready()
            screen.say(f"router run is ready: {shown(place.pipeline)}")
            topics = (*TOPICS, *DEAD_LETTERS.values())
            tail = await opened.enter_async_context(Tail(endpoints.bootstrap_servers, topics, f"example-{run.name}"))
            watch = Watch(run.name, sender, pipeline, tail, table, receiver)
            story = Story(screen, watch, endpoints, f"{self._router} dlq replay {shown(place.pipeline)}")
            self.closes = await self._tell(story, run, sender, table, receiver)
            if not once:
                await self._stay(stack, run, Arrivals(pipeline, tail, table, receiver))

    async def _tell(self, story: Story, run: Run, sender: Sender, table: Table, receiver: Receiver) -> bool:
        await story.webhooks(run, sender)
        before = await story.dead_letters()
        after = await story.repair(table, receiver)
        return show_balance(self._screen, before, after)

    async def _stay(self, stack: Stack, run: Run, arrivals: Arrivals) -> None:
        invite(self._screen, run, self._ingress)
        show_places(self._screen, self._router, self._place, self._endpoints, f"{self._admin}/metrics")
        self._screen.say("\nWhat you send shows here. Ctrl-C stops everything; the state is kept.", "bold")
        await arrivals.show(self._screen, stack.check)


def _actual(ports: ExamplePorts, endpoints: Endpoints) -> ExamplePorts:
    """The ports, with those of the stack as they are: it may have been found running."""
    return replace(
        ports,
        kafka=int(endpoints.bootstrap_servers.rpartition(":")[2]),
        registry=urlsplit(endpoints.registry_url).port or ports.registry,
        postgres=endpoints.postgres_port,
    )
