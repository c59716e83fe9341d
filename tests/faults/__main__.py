"""`python -m tests.faults`: run the scenarios on the real product, print what they found, write build/faults.json."""

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from router.dev.stack import Stack
from tests.conftest import choose_ports
from tests.faults import report
from tests.faults.broker_kill import broker_kill
from tests.faults.http_kill import http_kill
from tests.faults.ingress_drain import ingress_drain
from tests.faults.ingress_kill import ingress_kill
from tests.faults.ingress_outage import ingress_kill_spooling, ingress_outage
from tests.faults.ingress_processes import ingress_processes
from tests.faults.poison import poison
from tests.faults.promise import BrokenPromiseError, broken_promises
from tests.faults.registry_away import registry_away
from tests.faults.scenario import Setting
from tests.faults.sink_away import sink_away
from tests.faults.spool_disk_full import may_mount, spool_disk_full
from tests.faults.whole.scenario import whole_system
from tests.faults.worker_kill import worker_kill
from tests.faults.worker_pause import worker_pause

SCENARIOS: dict[str, Callable[[Setting], Coroutine[Any, Any, report.Outcome]]] = {
    "worker_kill": worker_kill,
    "http_kill": http_kill,
    "worker_pause": worker_pause,
    "broker_kill": broker_kill,
    "ingress_kill": ingress_kill,
    "ingress_drain": ingress_drain,
    "ingress_processes": ingress_processes,
    "ingress_outage": ingress_outage,
    "ingress_kill_spooling": ingress_kill_spooling,
    "sink_away": sink_away,
    "registry_away": registry_away,
    "poison": poison,
    "whole_system": whole_system,
}
if may_mount():
    SCENARIOS["spool_disk_full"] = spool_disk_full
_BUILD = Path("build")


def main(arguments: Sequence[str]) -> int:
    """Run what the command line asks for; 1 if any scenario did not find what was promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default=",".join(SCENARIOS), help="scenarios, with commas (default: all)")
    parser.add_argument("--seeds", type=int, default=1, help="run each scenario with the seeds 1 to N (default: 1)")
    parser.add_argument("--rate", type=float, default=2_000, help="events a second (default: %(default)g)")
    parser.add_argument("--kills", type=int, default=20, help="kills of a process (default: %(default)d)")
    parser.add_argument("--restarts", type=int, default=5, help="kills of the broker (%(default)d)")
    parser.add_argument("--outage-seconds", type=float, default=120, help="(%(default)g)")
    parser.add_argument("--poisoned", type=int, default=100_000, help="events of which 1 % is poison (%(default)d)")
    asked = parser.parse_args(arguments)
    names = [name for name in asked.only.split(",") if name]
    if unknown := set(names) - SCENARIOS.keys():
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    logs = _BUILD / "faults"
    shutil.rmtree(logs, ignore_errors=True)
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="con-faults-") as home, Stack(Path(home), choose_ports()) as stack:
        for name in names:
            for seed in range(1, asked.seeds + 1):
                setting = Setting(
                    stack,
                    logs / f"{name}-{seed}",
                    f"f{secrets.token_hex(4)}",
                    seed,
                    rate=asked.rate,
                    kills=asked.kills,
                    restarts=asked.restarts,
                    outage_seconds=asked.outage_seconds,
                    poisoned=asked.poisoned,
                )
                outcomes.append(run(name, setting))
                report.show(outcomes[-1:], Console(stderr=True))
                report.write(outcomes, _BUILD / "faults.json")
    report.show(outcomes, Console())
    return 0 if all(one.passed for one in outcomes) else 1


def run(name: str, setting: Setting) -> report.Outcome:
    """Run a scenario; what keeps it from its end is an outcome too."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(SCENARIOS[name](setting))
    except* BrokenPromiseError as failures:
        problems = tuple([str(error) for error in broken_promises(failures)])
    return report.Outcome(name, setting.seed, 0, 0, 0, 0, 0, 0.0, problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
