"""A process that kills the stack's servers when the process that started them has died without stopping them.

The kernel's own parent-death signal would do it on Linux only, and is sent when the starting *thread* ends.
"""

import os
import signal
import subprocess
import sys
import time

_LOOK_SECONDS = 0.3


class Guard:
    """Leads the process group that the servers join, and lives as long as the stack."""

    def __init__(self) -> None:
        command = (sys.executable, "-I", "-S", __file__, str(os.getpid()))
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)  # noqa: S603 # ourselves

    @property
    def group(self) -> int:
        """The id of the process group."""
        return self._process.pid

    def dismiss(self) -> None:
        """End it, once no server is left."""
        self._process.kill()
        self._process.wait()


def watch(parent: int) -> None:
    """Return when the parent has died; the kernel then gives this process another one."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    watch(int(sys.argv[1]))
    # Its own group, so that no process of another program can be hit; itself included.
    os.killpg(0, signal.SIGKILL)
