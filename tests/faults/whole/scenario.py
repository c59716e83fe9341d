"""Everything is killed, in any order, while a table is replicated and an API's records are delivered."""

import asyncio
import base64
import secrets
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

from router.dev.endpoints import Endpoints
from router.dev.stack import Stack
from tests.conftest import choose_ports
from tests.faults.process import Process
from tests.faults.promise import BrokenPromiseError
from tests.faults.report import Outcome
from tests.faults.scenario import Setting
from tests.faults.whole.api import ITEMS_A_SECOND, Api, Endpoint, listening
from tests.faults.whole.configuration import DATABASE_ROLE, ORIGIN, REPLICA, SIGNING, TOKEN, configuration
from tests.faults.whole.origin import ROWS, Origin, Replica
from tests.integration.vault_lab import VaultLab

WORKERS = 3
VICTIMS = ("worker", "broker", "registry", "vault", "target")
_CHANGES_A_SECOND = 50
_PATIENCE_SECONDS = 180
_LOOK_SECONDS = 0.2


async def whole_system(setting: Setting) -> Outcome:
    """Each victim is killed `restarts` times, and the API's token is replaced between the kills.

    Nobody restarts anything but what was killed. The replica must equal the origin, row for row, and every item must
    have been posted; those that a killed worker had in flight may have been posted twice.
    """
    chance = setting.randomness()
    kafka = setting.stack.start()
    components = frozenset({"vault", "postgres"})
    with (
        tempfile.TemporaryDirectory(prefix="con-target-") as home,
        Stack(Path(home), choose_ports(), components=components) as second,
    ):
        target = second.start()
        scene = _Scene(setting, kafka, target, VaultLab(target, Path(home)))
        victims = [victim for victim in VICTIMS for _ in range(setting.restarts)]
        chance.shuffle(victims)
        recoveries = []
        with scene.prepared():
            async with listening(scene.api, scene.endpoint, scene.api_port):
                with scene.origin.changing(_CHANGES_A_SECOND):
                    for worker in scene.workers:
                        worker.start()
                    await scene.moving("at first")
                    for number, victim in enumerate(victims):
                        scene.rotate(number)
                        await asyncio.sleep(chance.uniform(0.2, 2.0))
                        await scene.kill_and_start(victim, second, chance.uniform(0.0, 3.0), chance.randrange(WORKERS))
                        recoveries.append(await scene.moving(f"after the kill of the {victim}"))
                return await scene.judged(victims, recoveries)


class _Scene:
    """The run's servers, workers and data."""

    def __init__(self, setting: Setting, kafka: Endpoints, target: Endpoints, vault: VaultLab) -> None:
        self._setting = setting
        self._kafka = kafka
        self._target = target
        self._vault = vault
        self._token = secrets.token_hex(16)
        self.api, self.endpoint, self.api_port = Api(self._token), Endpoint(), choose_ports().kafka
        self.origin, self._replica = Origin(kafka, setting.run), Replica(target, REPLICA)
        self.workers: list[Process] = []

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """Secrets in Vault, rows at the origin, workers ready to start; at the end none of it remains."""
        vault, setting = self._vault, self._setting
        vault.write(ORIGIN.removeprefix("secret/"), password=self._kafka.postgres_password)
        vault.write(TOKEN.removeprefix("secret/"), token=self._token)
        signing = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        vault.write(SIGNING.removeprefix("secret/"), secret=signing)
        made = vault.database(DATABASE_ROLE, "10s", "20s", self._target.postgres_user)
        paths = [path.replace("secret/", "secret/data/") for path in (ORIGIN, TOKEN, SIGNING)]
        role_id, secret_id = vault.approle(vault.policy(DATABASE_ROLE, made, *paths))
        environment = {"ROLE_ID": role_id, "SECRET_ID": secret_id, "LOG_FORMAT": "json"}
        setting.directory.mkdir(parents=True, exist_ok=True)
        for number, port in enumerate(astuple(choose_ports())[:WORKERS]):
            file = setting.directory / f"worker-{number}.yaml"
            content = configuration(setting.run, self._kafka, self._target, api_port=self.api_port, admin_port=port)
            file.write_text(content)
            self.workers.append(Process("worker", file, environment, file.with_suffix(".log")))
        self.origin.create()
        try:
            yield
        finally:
            for worker in self.workers:
                worker.abandon()
            self.origin.drop()

    def rotate(self, number: int) -> None:
        """Give the API another token, and put it into Vault."""
        self._token = f"{number}-{secrets.token_hex(16)}"
        self.api.rotate(self._token)
        self._vault.write(TOKEN.removeprefix("secret/"), token=self._token)

    async def kill_and_start(self, victim: str, second: Stack, away_seconds: float, worker: int) -> None:
        """Kill it, and start it again after a while."""
        if victim == "worker":
            self.workers[worker].kill()
            await asyncio.sleep(away_seconds)
            self.workers[worker].start()
            return
        server = {
            "broker": lambda: self._setting.stack.component("kafka"),
            "registry": lambda: self._setting.stack.component("registry"),
            "vault": lambda: second.component("vault"),
            "target": lambda: second.component("postgres"),
        }[victim]()
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(away_seconds)
        await asyncio.to_thread(server.start)

    async def moving(self, when: str) -> float:
        """Wait until a change and an item from now on have arrived; returns after how many seconds."""
        mark, item = secrets.token_hex(8), self.api.count + 1
        await asyncio.to_thread(self.origin.mark, mark)

        async def have_arrived() -> bool:
            return item in self.endpoint.arrived and await asyncio.to_thread(self._replica.mark) == mark

        return await self._until(have_arrived, f"{when}, a change and an item arrive")

    async def judged(self, victims: Sequence[str], recoveries: Sequence[float]) -> Outcome:
        """Wait until all has arrived, stop the workers, and compare."""
        self.api.stop_growing()
        expected = self.api.count
        origin = await asyncio.to_thread(self.origin.rows)

        async def is_equal() -> bool:
            return len(self.endpoint.arrived) >= expected and await asyncio.to_thread(self._replica.rows) == origin

        problems = []
        try:
            await self._until(is_equal, "the replica equals the origin, and every item has arrived")
            await asyncio.to_thread(self._stop)
        except BrokenPromiseError as error:
            problems.append(str(error))
        lost = [number for number in range(expected) if number not in self.endpoint.arrived]
        return Outcome(
            "whole_system",
            self._setting.seed,
            events=ROWS + expected,
            faults=len(victims),
            lost=len(lost),
            duplicated=sum(self.endpoint.arrived.values()) - len(self.endpoint.arrived),
            reordered=0,
            recovery_seconds=max(recoveries, default=0.0),
            problems=tuple(problems),
            allowed_repetitions=victims.count("worker") * ITEMS_A_SECOND,
        )

    def _stop(self) -> None:
        for worker in self.workers:
            worker.stop()

    async def _until(self, condition: Callable[[], Awaitable[bool]], what: str) -> float:
        started = time.monotonic()
        while not await condition():
            for worker in self.workers:
                worker.check()
            if time.monotonic() - started > _PATIENCE_SECONDS:
                raise BrokenPromiseError(f"Not within {_PATIENCE_SECONDS} s: {what}.")
            await asyncio.sleep(_LOOK_SECONDS)
        return time.monotonic() - started
