"""Several processes of a role on one port: started, watched, and stopped together."""

import asyncio
import ctypes
import signal
import sys
from collections.abc import Sequence

import structlog

_PR_SET_PDEATHSIG = 1
_USAGE_STATUS = 2
_RESTART_SECONDS = 1.0
_log = structlog.get_logger("router.runtime")


async def supervise(command: Sequence[str], count: int, stop: asyncio.Event) -> int:
    """Run `python -m router COMMAND --process N` for each N until `stop`; restart those that die.

    Returns the exit status: 0 after a stop, or a child's own if it says that its configuration is wrong.
    """
    # Each looks at the configuration itself; without this the signal would end us all.
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: None)
    tasks = [asyncio.create_task(_keep([*command, "--process", str(number)], stop)) for number in range(count)]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    return max(await asyncio.gather(*tasks))


async def _keep(arguments: Sequence[str], stop: asyncio.Event) -> int:
    while not stop.is_set():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "router", *arguments, preexec_fn=_die_with_parent
        )
        exited = asyncio.create_task(process.wait())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([exited, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        status = await exited
        if stop.is_set():
            return 0
        if status == _USAGE_STATUS:
            return status
        _log.error("process ended, will restart", status=status, retry_in_seconds=_RESTART_SECONDS)
        await asyncio.sleep(_RESTART_SECONDS)
    return 0


def _die_with_parent() -> None:
    """A child whose parent was killed must not go on by itself (Linux; elsewhere it does)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
