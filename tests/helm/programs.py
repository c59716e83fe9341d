"""Helm and promtool, built with Go from the versions and checksums in `modules` and kept in the user's cache."""

import fcntl
import os
import subprocess
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from router.dev.places import default_cache
from router.dev.vault_build import _go

_MODULES = Path(__file__).parent / "modules"


@dataclass(frozen=True, slots=True)
class Program:
    """One program: the directory of its go.mod and go.sum below `modules`, the package, and build tags."""

    name: str
    package: str
    tags: str = ""
    modules: Path = _MODULES

    def path(self) -> Path:
        """Where it is; built the first time, and anew when what is locked changes. That takes two minutes."""
        cache = default_cache()
        cache.mkdir(parents=True, exist_ok=True)
        built = cache / f"{self.name}-{self._locked()}"
        with (cache / f"{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not built.exists():
                self._build(built)
        return built

    def _locked(self) -> str:
        digest = sha256(self.tags.encode())
        for file in ("go.mod", "go.sum"):
            digest.update((self.modules / self.name / file).read_bytes())
        return digest.hexdigest()[:16]

    def _build(self, built: Path) -> None:
        # The Go that is there, and what go.sum names: nothing else is fetched.
        settings = {"GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local", "GOWORK": "off"}
        with tempfile.TemporaryDirectory(dir=built.parent) as temporary:
            unfinished = Path(temporary, self.name)
            options = ("-tags", self.tags, "-trimpath", "-ldflags", "-s -w", "-o", unfinished)
            subprocess.run(  # noqa: S603  our own command
                (_go(), "build", *options, self.package),
                cwd=self.modules / self.name,
                env={**os.environ, **settings},
                check=True,
            )
            unfinished.rename(built)


HELM = Program("helm", "helm.sh/helm/v3/cmd/helm")
PROMTOOL = Program("promtool", "github.com/prometheus/prometheus/cmd/promtool", tags="remove_all_sd")
