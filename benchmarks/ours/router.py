"""The `router` command of this environment, with a configuration and its secrets."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from benchmarks.ports import free_port
from benchmarks.processes import Process, running
from benchmarks.side import Run

NAME = "bench"
ROUTER = Path(sys.executable).with_name("router")


@contextmanager
def running_router(
    role: str, run: Run, log: Path, pipeline: Mapping[str, Any], secrets: Mapping[str, str]
) -> Iterator[Process]:
    """Run a role while the context lasts. Secrets go into the environment, as `${env:NAME}`."""
    settings = {
        "name": NAME,
        "kafka": {
            "bootstrap_servers": run.endpoints.bootstrap_servers,
            "registry_url": run.endpoints.registry_url,
        },
        "admin": {"port": free_port()},
        **pipeline,
    }
    path = run.scratch / "router.yaml"
    path.write_text(yaml.safe_dump(settings, sort_keys=False))
    with running([ROUTER, role, path], log, secrets) as process:
        yield process
