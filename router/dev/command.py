"""What `router dev` does: start the stack, say where it is, keep it until Ctrl-C."""

import signal
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from router.dev.endpoints import Endpoints, Ports
from router.dev.progress import progress_on
from router.dev.stack import Stack

_LOOK_SECONDS = 0.5


def run_dev(ports: Ports, home: Path, reset: bool, components: frozenset[str]) -> None:
    """Start the stack, print its endpoints, and stop it at Ctrl-C or SIGTERM.

    reset: remove the state of earlier runs first. If the stack of this home runs already, its endpoints are
    printed, and that is all.

    Raises ConnectorError: as Stack.start and Stack.reset; STACK_COMPONENT_FAILED when a server ends by itself.
    """
    console = Console()
    # A stop asked for by a terminal that closes, or by a process manager, ends in good order as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    if reset:
        Stack.reset(home)
    stack = Stack(home, ports, components=components, progress=progress_on(console))
    try:
        endpoints = stack.start()
        show_endpoints(console, endpoints, home, components)
        if stack.is_owner:
            console.print("Ctrl-C stops it; the state is kept.", highlight=False)
            _keep(stack)
    except KeyboardInterrupt:
        console.print("Stopping ...")
    finally:
        stack.stop()


def show_endpoints(console: Console, endpoints: Endpoints, home: Path, components: frozenset[str]) -> None:
    """Print where each component is: a table on a terminal, plain lines elsewhere."""
    rows = [row for row in _rows(endpoints, home) if row[0] in components]
    if not console.is_terminal:
        for name, address, _ in rows:
            console.print(f"{name:<10}{address}", highlight=False, soft_wrap=True)
        return
    table = Table("component", "address", "log")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _rows(endpoints: Endpoints, home: Path) -> tuple[tuple[str, str, str], ...]:
    logs = home / "logs"
    server = f"{endpoints.postgres_user}@{endpoints.postgres_host}:{endpoints.postgres_port}"
    return (
        ("kafka", endpoints.bootstrap_servers, f"{logs / 'kafka.log'}"),
        ("registry", endpoints.registry_url, f"{logs / 'registry.log'}"),
        (
            "postgres",
            f"postgresql://{server}/{endpoints.postgres_database} (password in {home / 'postgres' / 'password'})",
            f"{logs / 'postgres.log'}",
        ),
        ("vault", f"{endpoints.vault_address} (token in {home / 'vault' / 'token'})", f"{logs / 'vault.log'}"),
    )


def _keep(stack: Stack) -> None:
    while True:
        stack.check()
        time.sleep(_LOOK_SECONDS)
