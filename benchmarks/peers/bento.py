"""Bento 1.10.0 (MIT), built with Go from the module proxy and kept in the user's cache."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.failure import BenchmarkError, MissingProgramError
from benchmarks.peers.cache import CACHE
from benchmarks.processes import Process, running

VERSION = "1.10.0"
NAME = f"Bento {VERSION}"
_MODULE = f"github.com/warpstreamlabs/bento@v{VERSION}"
# Only the components that the benchmarks use: the full distribution takes many times as long to build.
_MAIN = """package main

import (
	"context"

	_ "github.com/warpstreamlabs/bento/public/components/io"
	_ "github.com/warpstreamlabs/bento/public/components/kafka"
	_ "github.com/warpstreamlabs/bento/public/components/pure"
	_ "github.com/warpstreamlabs/bento/public/components/pure/extended"
	"github.com/warpstreamlabs/bento/public/service"
)

func main() { service.RunCLI(context.Background()) }
"""


def bento() -> Path:
    """The path of the binary; builds it the first time, which takes about two minutes.

    Raises `MissingProgramError` if it has to be built and Go is missing.
    """
    binary = CACHE / f"bento-{VERSION}" / "bento"
    if not binary.exists():
        binary.parent.mkdir(parents=True, exist_ok=True)
        _build(binary)
    return binary


@contextmanager
def running_bento(config: str, log: Path, scratch: Path, environment: Mapping[str, str]) -> Iterator[Process]:
    """Run a configuration while the context lasts. Secrets belong into the environment, as `${NAME}`."""
    path = scratch / "bento.yaml"
    path.write_text(config)
    with running([bento(), "-c", path], log, environment) as process:
        yield process


def _build(binary: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise MissingProgramError(
            f"Go 1.25 or later is needed to build {NAME}, the peer of this benchmark. "
            "Install it, so that `go` is found, then run this again."
        )
    print(f"Building {NAME} (about two minutes, only the first time) ...", flush=True)
    with tempfile.TemporaryDirectory(prefix="bento-", dir=binary.parent) as directory:
        work = Path(directory)
        (work / "main.go").write_text(_MAIN)
        _go(go, work, "mod", "init", "benchmarks/bento")
        _go(go, work, "mod", "edit", f"-require={_MODULE}")
        _go(go, work, "mod", "download", _MODULE)
        # Its own checksums pin its dependencies.
        modules = Path(_go(go, work, "env", "GOMODCACHE").strip())
        sums = work / "go.sum"
        shutil.copy(modules / _MODULE / "go.sum", sums)
        sums.chmod(sums.stat().st_mode | stat.S_IWUSR)
        _go(go, work, "mod", "tidy")
        _go(go, work, "build", "-trimpath", "-ldflags", "-s -w", "-o", "bento", ".")
        (work / "bento").rename(binary)


def _go(go: str, work: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603  # fixed arguments
        [go, *arguments],
        cwd=work,
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BenchmarkError(f"`go {' '.join(arguments)}` failed:\n{done.stderr[-3000:]}")
    return done.stdout
