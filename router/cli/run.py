"""`router run`, `router ingress`, `router worker`: the roles as commands."""

import asyncio
import gc
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

import typer
import uvloop

from router.api import ConnectorError, Reason
from router.config.environment import environment
from router.config.load import Loaded, load
from router.config.secrets import SecretStore
from router.control.worker import Worker
from router.observability.admin import AdminServer
from router.observability.logs import configure
from router.observability.metrics import BUILD
from router.rest.server import Api
from router.runtime.changes import Changes
from router.runtime.flow import FlowReporter
from router.runtime.ingress import Ingress
from router.runtime.processes import supervise
from router.runtime.secrets import Secrets
from router.runtime.signals import stop_on_signals
from router.runtime.watchdog import watchdog
from router.runtime.watched import watched

T = TypeVar("T")
_YOUNG_OBJECTS = 200_000
"""Events make hardly any cycles: looking for some among those of every batch would cost a tenth of the time."""
ConfigPath = Annotated[
    Path, typer.Argument(help="The configuration: a YAML file, or a directory of them.", metavar="PATH")
]
AdminPort = Annotated[
    int | None,
    typer.Option("--admin-port", min=1, max=65_535, help="Instead of `admin.port`, for several roles on one machine."),
]
Process = Annotated[int | None, typer.Option(hidden=True, help="Which of several processes this one is.")]


class Role(Protocol):
    """What a process does until it is told to stop."""

    def waiting(self) -> dict[str, str]:
        """What is not ready, and why."""
        ...

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        ...


def run(path: ConfigPath, admin_port: AdminPort = None) -> None:
    """Run everything that the configuration describes in one process: endpoints and sinks."""
    loaded, secrets, store = _load(path)
    roles = _workers(loaded, secrets, store)
    if loaded.receivers:
        roles.append(Ingress(loaded, _changes(path, secrets, store)))
    if loaded.pipeline.api is not None:
        roles.append(Api(loaded))
    _execute(_roles(loaded, secrets, roles, admin_port or loaded.pipeline.admin.port))


def worker(path: ConfigPath, admin_port: AdminPort = None) -> None:
    """Run sinks and the sources that fetch; workers of one pipeline share their tasks."""
    loaded, secrets, store = _load(path)
    roles: list[Role] = [Worker(loaded, store, secrets)]
    _execute(_roles(loaded, secrets, roles, admin_port or loaded.pipeline.admin.port))


def ingress(path: ConfigPath, admin_port: AdminPort = None, process: Process = None) -> None:
    """Run the endpoints, in `ingress.processes` processes that share the port."""
    loaded, secrets, store = _load(path)
    count = loaded.pipeline.ingress.processes
    port = admin_port or loaded.pipeline.admin.port
    if count == 1 or process is not None:
        role = Ingress(loaded, _changes(path, secrets, store))
        _execute(_roles(loaded, secrets, [role], port + (process or 0)))
    else:
        status = _execute(_supervise(["ingress", str(path), "--admin-port", str(port)], count))
        if status:
            raise typer.Exit(status)


def _workers(loaded: Loaded, secrets: Secrets, store: SecretStore) -> list[Role]:
    """A worker, where the file has connectors for it, or an API through which they may come."""
    if not (loaded.sources or loaded.sinks or loaded.pipeline.api is not None):
        return []
    return [Worker(loaded, store, secrets)]


def _load(path: Path) -> tuple[Loaded, Secrets, SecretStore]:
    settings = environment()
    configure(settings.log_level, settings.log_format)
    store = SecretStore(settings)
    loaded = load(path, resolve=store.resolve)
    return loaded, Secrets(loaded, store), store


def _changes(path: Path, secrets: Secrets, store: SecretStore) -> Changes:
    async def again() -> Loaded:
        loaded = await asyncio.to_thread(load, path, resolve=store.resolve)
        if secrets.vault is not None:
            await secrets.vault.prefetch([use.reference for use in loaded.secrets])
        return loaded

    return Changes(path, again)


def _execute(main: Coroutine[Any, Any, T]) -> T:
    # What is loaded by now stays: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def _roles(loaded: Loaded, secrets: Secrets, roles: list[Role], admin_port: int) -> None:
    if not roles:
        raise ConnectorError(
            Reason.CONFIG_INVALID, "The configuration has nothing to run.", fix="Add sources or sinks."
        )
    stop = stop_on_signals()
    BUILD.labels(installed_version("northfield-con")).set(1)
    server = AdminServer(
        loaded.pipeline.admin.host,
        admin_port,
        lambda: secrets.waiting() | {key: why for role in roles for key, why in role.waiting().items()},
    )
    await server.start()
    try:
        async with (
            watchdog(),
            watched(loaded.pipeline),
            _reporting(FlowReporter(loaded.pipeline)),
            secrets.available(stop),
        ):
            await _until_stopped(roles, stop)
    except ConnectorError as error:
        _raise_unless_stopped(error)
    finally:
        await server.close()


@asynccontextmanager
async def _reporting(reporter: FlowReporter) -> AsyncIterator[None]:
    """Report what flows until the roles have ended, so that the last report has their last events."""
    stop = asyncio.Event()
    task = asyncio.create_task(reporter.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def _until_stopped(roles: list[Role], stop: asyncio.Event) -> None:
    """Run the roles; the first that fails ends the others gracefully, and its error is raised."""
    tasks = [asyncio.create_task(role.run(stop)) for role in roles]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await asyncio.wait(tasks)
    for error in [task.exception() for task in tasks]:
        _raise_unless_stopped(error)


def _raise_unless_stopped(error: BaseException | None) -> None:
    """A role that was told to stop before it had started has not failed."""
    if error is not None and not (isinstance(error, ConnectorError) and error.reason is Reason.SHUTDOWN):
        raise error


async def _supervise(command: list[str], count: int) -> int:
    return await supervise(command, count, stop_on_signals())
