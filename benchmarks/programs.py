"""Programs that come from the operating system's packages."""

import os
import shutil
import subprocess

from benchmarks.failure import MissingProgramError


def program(name: str, package: str) -> str:
    """The path of a program; installs its Debian package if it is missing and we may.

    Raises `MissingProgramError`, saying what to install, otherwise.
    """
    found = _find(name)
    if found is not None:
        return found
    _install(name, package)
    found = _find(name)
    if found is None:
        raise MissingProgramError(f"`{name}` is still missing after `apt-get install {package}`.")
    return found


def _find(name: str) -> str | None:
    # Debian keeps servers such as nginx where ordinary users' PATH does not look.
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def _install(name: str, package: str) -> None:
    apt_get = shutil.which("apt-get")
    if apt_get is None or os.geteuid() != 0:
        raise MissingProgramError(
            f"`{name}` is needed. Install it first: `sudo apt-get install {package}` on Debian or Ubuntu, "
            f"or the package of your system that has `{name}`."
        )
    print(f"Installing {package} ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", package]):
        done = subprocess.run(  # noqa: S603  # fixed arguments
            [apt_get, "--quiet", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise MissingProgramError(f"`apt-get {' '.join(arguments)}` failed:\n{done.stderr[-2000:]}")
