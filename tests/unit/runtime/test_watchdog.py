"""A process whose event loop stands still ends; one that was stopped as a whole goes on."""

import signal
import subprocess
import sys
import time

from router.runtime.watchdog import EXIT_STATUS

PROGRAM = """
import asyncio
from router.runtime.watchdog import watchdog

def stand_still():
    while True:
        pass

async def main():
    async with watchdog(seconds=1):
        print("begun", flush=True)
        {body}
        print("done", flush=True)

asyncio.run(main())
"""


def started(body: str) -> "subprocess.Popen[str]":
    program = [sys.executable, "-c", PROGRAM.format(body=body)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603  ours
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def test_a_loop_that_stands_still_ends_the_process_and_shows_where() -> None:
    process = started("stand_still()")

    output, errors = process.communicate(timeout=60)

    assert (process.returncode, output) == (EXIT_STATUS, "")
    assert "in stand_still" in errors


def test_a_process_that_was_stopped_and_continued_goes_on() -> None:
    process = started("await asyncio.sleep(4)")
    process.send_signal(signal.SIGSTOP)
    time.sleep(2.5)  # for longer than a loop may stand still
    process.send_signal(signal.SIGCONT)

    output, errors = process.communicate(timeout=60)

    assert (process.returncode, output, errors) == (0, "done\n", "")
