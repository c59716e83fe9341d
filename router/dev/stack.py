"""The embedded stack: a real Kafka, schema registry and PostgreSQL on loopback, from nothing but Python packages."""

import os
import shutil
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console

from router.api.errors import ConnectorError
from router.api.reasons import Reason
from router.dev.downloads import Downloads
from router.dev.endpoints import HOST, Endpoints, Ports
from router.dev.guard import Guard
from router.dev.kafka import Kafka
from router.dev.lease import Lease, Running
from router.dev.places import default_cache
from router.dev.ports import require_free
from router.dev.postgres import DATABASE, USER, Postgres
from router.dev.progress import Progress, progress_on
from router.dev.registry import API_PATH, Registry
from router.dev.server import Recipe, Server
from router.dev.vault import Vault
from router.dev.vault_build import VaultBuild

__all__ = ["COMPONENTS", "OPTIONAL", "Endpoints", "Ports", "Stack"]

COMPONENTS = frozenset({"kafka", "registry", "postgres"})
"""What is started unless something else is asked for."""
OPTIONAL = frozenset({"vault"})
_OTHER_STARTS_SECONDS = 300
_LOOK_SECONDS = 0.2


class Stack:
    """The servers of one home directory, where their state survives a restart.

    home: the directory of state and logs. components: which servers; the registry needs Kafka.
    The servers end with `stop`, with the context, or with the death of this process, however it dies.

    Raises ConnectorError: USAGE for components that do not exist or cannot run alone.
    """

    def __init__(
        self,
        home: Path,
        ports: Ports,
        *,
        components: frozenset[str] = COMPONENTS,
        progress: Progress | None = None,
    ) -> None:
        _require_sensible(components)
        self._home = home.absolute()
        self._ports = ports
        self._progress = progress or progress_on(Console(stderr=True))
        self._lease = Lease(self._home)
        self._guard: Guard | None = None
        self._ended = threading.Event()
        downloads = Downloads(default_cache(), self._progress, self._ended)
        self._postgres = Postgres(self._home, ports)
        self._vault = Vault(self._home, ports, VaultBuild(default_cache(), self._progress, self._ended))
        recipes: tuple[Recipe, ...] = (
            Kafka(self._home, ports, downloads),
            Registry(ports, downloads),
            self._postgres,
            self._vault,
        )
        self._servers = {
            recipe.name: Server(recipe, self._home, self._ended) for recipe in recipes if recipe.name in components
        }

    @property
    def is_owner(self) -> bool:
        """Whether the running servers were started by this object, and not found."""
        return self._lease.is_held

    def start(self) -> Endpoints:
        """Start what is missing, and return when every server works.

        If a stack of this home runs already, here or in another process, its endpoints are returned and it is
        not ours to stop. The first start downloads some 200 MB to the user's cache.

        Raises ConnectorError: PORT_IN_USE, STACK_DOWNLOAD_FAILED, STACK_COMPONENT_FAILED; STACK_RUNNING if the
        stack that was found lacks a component that is asked for.
        """
        if not self._lease.is_held:
            found = self._acquire()
            if found:
                return found
        try:
            return self._start_owned()
        except BaseException:
            # Whatever it was (a failure, Ctrl-C), no half of a stack stays behind.
            self.stop()
            raise

    def stop(self) -> None:
        """Stop what this object has started; the registry first, since it needs Kafka. State is kept."""
        if not self._lease.is_held:
            return
        self._ended.set()
        for name in ("vault", "registry", "postgres", "kafka"):
            if name in self._servers:
                self._servers[name].stop()
        if self._guard:
            self._guard.dismiss()
            self._guard = None
        self._lease.release()

    def component(self, name: str) -> Server:
        """One server, to be killed and started alone. It is one of the components of this stack."""
        return self._servers[name]

    def check(self) -> None:
        """Look whether all servers run.

        Raises ConnectorError: STACK_COMPONENT_FAILED, with the end of its log, if one has ended by itself.
        """
        for server in self._servers.values():
            if server.pid is None:
                raise server.failure("has ended")

    @staticmethod
    def reset(home: Path) -> None:
        """Remove the state and the logs of this home; downloads are kept.

        Raises ConnectorError: STACK_RUNNING.
        """
        lease = Lease(home)
        if not lease.acquire():
            raise ConnectorError(Reason.STACK_RUNNING, f"the stack of {home} runs", fix="stop it before the reset")
        for part in ("kafka", "postgres", "vault", "logs"):
            shutil.rmtree(home / part, ignore_errors=True)
        lease.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _acquire(self) -> Endpoints | None:
        deadline = time.monotonic() + _OTHER_STARTS_SECONDS
        while not self._lease.acquire():
            running = self._lease.running()
            if running:
                return self._found(running)
            if time.monotonic() > deadline:
                raise ConnectorError(Reason.STACK_RUNNING, f"another process holds {self._home} and does not get ready")
            time.sleep(_LOOK_SECONDS)
        return None

    def _found(self, running: Running) -> Endpoints:
        lacking = self._servers.keys() - running.components
        if lacking:
            raise ConnectorError(
                Reason.STACK_RUNNING,
                f"the stack of {self._home}, process {running.pid}, runs without {', '.join(sorted(lacking))}",
                fix="stop it, or choose another home",
            )
        self._progress.say(f"Found the stack of {self._home}, run by process {running.pid}")
        return running.endpoints

    def _start_owned(self) -> Endpoints:
        self._ended.clear()
        idle = [server for server in self._servers.values() if server.pid is None]
        for server in idle:
            server.reap_stray()
        require_free({name: port for server in idle for name, port in server.ports.items()})
        self._guard = self._guard or Guard()
        for server in idle:
            server.guarded_by(self._guard)
        self._start_together(idle)
        endpoints = self._endpoints()
        self._lease.announce(Running(os.getpid(), frozenset(self._servers), endpoints))
        return endpoints

    def _start_together(self, servers: list[Server]) -> None:
        with ThreadPoolExecutor(len(self._servers), "stack") as pool:
            started = [pool.submit(self._start_one, server) for server in servers]
            try:
                done, _ = wait(started, return_when=FIRST_EXCEPTION)
            finally:
                if not all(future.done() and not future.exception() for future in started):
                    self._ended.set()
            for future in done:
                future.result()

    def _start_one(self, server: Server) -> None:
        begun = time.monotonic()
        server.start()
        self._progress.say(f"{server.name} is ready after {time.monotonic() - begun:.1f} s")

    def _endpoints(self) -> Endpoints:
        return Endpoints(
            bootstrap_servers=f"{HOST}:{self._ports.kafka}",
            registry_url=f"http://{HOST}:{self._ports.registry}{API_PATH}",
            postgres_host=HOST,
            postgres_port=self._ports.postgres,
            postgres_user=USER,
            postgres_database=DATABASE,
            postgres_password=self._postgres.password if "postgres" in self._servers else "",
            vault_address=self._vault.address if "vault" in self._servers else "",
            vault_token=self._vault.token if "vault" in self._servers else "",
        )


def _require_sensible(components: frozenset[str]) -> None:
    unknown = components - COMPONENTS - OPTIONAL
    if unknown or not components:
        raise ConnectorError(
            Reason.USAGE,
            f"the stack has no component {', '.join(sorted(unknown)) or 'to start'}",
            fix=f"components: {', '.join(sorted(COMPONENTS | OPTIONAL))}",
        )
    if "registry" in components and "kafka" not in components:
        raise ConnectorError(Reason.USAGE, "the registry keeps its schemas in Kafka", fix="add the component kafka")
