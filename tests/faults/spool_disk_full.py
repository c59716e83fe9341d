"""The spool's disk is full while the brokers are away, and has room again; the ingress is killed in between.

The disk is a small tmpfs that the scenario mounts, as only root may, and not in every container. For everybody else
tests/unit/ingress/spool has the same with a limit of the kernel (EFBIG) for a disk.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.ingress_outage import drained
from tests.faults.load import Ledger, Load
from tests.faults.pipeline import pipeline
from tests.faults.report import Outcome
from tests.faults.scenario import Setting, judge

_DISK_FULL = 507
_SMALL = "1m"
_LARGE = "1g"


async def spool_disk_full(setting: Setting) -> Outcome:
    """What finds no room is refused before it is accepted, nothing that was accepted is lost, and room is enough."""
    spool = setting.directory / "spool"
    with _disk(spool), pipeline(setting.stack, setting.run, setting.directory, spool=spool) as line:
        line.ingress.start()
        line.worker.start()
        await line.listening()
        load = Load(line.url, setting.run, setting.rate, setting.seed)
        async with load.running() as ledger:
            await line.moving()
            broker = setting.stack.component("kafka")
            await asyncio.to_thread(broker.kill)
            await line.until(lambda: _refuses(ledger, 0), "the disk is full")
            line.ingress.kill()
            line.ingress.start()
            recoveries = [await line.listening()]
            refused = ledger.refused[_DISK_FULL]
            await line.until(lambda: _refuses(ledger, refused), "the disk is full after a restart, too")
            await asyncio.to_thread(_mount, spool, f"remount,size={_LARGE}")
            accepted = len(ledger.accepted)
            recoveries.append(await line.until(lambda: _accepts(ledger, accepted), "events are accepted again"))
            await asyncio.to_thread(broker.start)
            recoveries.append(await line.moving())
        await drained(line, spool)
        return await judge("spool_disk_full", setting, line, ledger, faults=3, recoveries=recoveries)


async def _refuses(ledger: Ledger, before: int) -> bool:
    return ledger.refused[_DISK_FULL] > before


async def _accepts(ledger: Ledger, before: int) -> bool:
    return len(ledger.accepted) > before + 100


def may_mount() -> bool:
    """Whether this is a user, and a machine, that can mount a disk."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as place:
        tried = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], capture_output=True, check=False)  # noqa: S603, S607  as below
        if tried.returncode == 0:
            subprocess.run(["umount", place], check=True)  # noqa: S603, S607  as below
    return tried.returncode == 0


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    path.mkdir(parents=True)
    _mount(path, f"size={_SMALL}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(path)], check=True)  # noqa: S603, S607  the command is ours


def _mount(path: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True)  # noqa: S603, S607  as above
