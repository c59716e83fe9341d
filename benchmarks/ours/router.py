"""The `router` command of this environment, with a configuration and its secrets."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from benchmarks.ports import free_port
from benchmarks.processes import Process, running
from benchmarks.side import Run

NAME = "bench"
WORKERS = 2
"""One for each core of a small machine; the peers' runtimes spread over the cores by themselves."""
ROUTER = Path(sys.executable).with_name("router")


@contextmanager
def running_router(
    role: str, run: Run, log: Path, pipeline: Mapping[str, Any], secrets: Mapping[str, str]
) -> Iterator[Process]:
    """Run a role while the context lasts. Secrets go into the environment, as `${env:NAME}`."""
    admin_port = free_port()
    settings = {
        "name": NAME,
        "kafka": {
            "bootstrap_servers": run.endpoints.bootstrap_servers,
            "registry_url": run.endpoints.registry_url,
        },
        "admin": {"port": admin_port},
        **pipeline,
    }
    path = run.scratch / f"router-{admin_port}.yaml"
    path.write_text(yaml.safe_dump(settings, sort_keys=False))
    with running([ROUTER, role, path], log, secrets) as process:
        yield process


@contextmanager
def running_workers(run: Run, log: Path, pipeline: Mapping[str, Any], secrets: Mapping[str, str]) -> Iterator[Process]:
    """Run the workers while the context lasts; the process is the first of them."""
    with ExitStack() as stack:
        workers = [stack.enter_context(running_router("worker", run, log, pipeline, secrets)) for _ in range(WORKERS)]
        yield workers[0]
