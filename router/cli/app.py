"""The command `router`: its commands, and the one place where errors become a message and an exit status."""

import os
import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from router.api import ConnectorError, Reason
from router.cli.console import fail
from router.cli.version import show_version
from router.config.faults import ConfigError


class Command(NamedTuple):
    """Where a command is: a function, or a Typer for a group. It is imported when used, so that each starts fast."""

    module: str
    attribute: str
    summary: str


COMMANDS = {
    "check": Command("router.cli.check", "check", "Validate a configuration offline and report every fault at once."),
    "run": Command("router.cli.run", "run", "Run everything that the configuration describes in one process."),
    "ingress": Command("router.cli.run", "ingress", "Run the endpoints."),
    "worker": Command("router.cli.run", "worker", "Run sinks and the sources that fetch."),
    "api": Command("router.cli.api", "api", "Serve the REST API for connectors, in Kafka Connect's dialect."),
    "monitor": Command("router.cli.monitor", "monitor", "Watch what flows through every connector."),
    "apply": Command("router.cli.apply", "apply", "Make the connectors what the configuration declares, after a plan."),
    "status": Command("router.cli.status", "status", "Show what every connector is doing."),
    "token": Command("router.cli.token", "token", "Make a token for the REST API."),
    "discover": Command("router.cli.discover", "discover", "Connect to a source and show what it could read."),
    "backfill": Command("router.cli.backfill", "backfill", "Read a part of a source's past again."),
    "listen": Command("router.cli.listen", "listen", "Show events live as they arrive, and forward them."),
    "send": Command("router.cli.send", "send", "Sign a body as its sender would, and post it."),
    "verify": Command("router.cli.verify", "verify", "Explain why a captured request is refused."),
    "schema": Command("router.cli.schema", "app", "Schemas: what has changed in a source's streams, and accepting it."),
    "dlq": Command("router.cli.dlq", "app", "Dead letters: list them, look at one, put them back."),
    "connector": Command("router.cli.connector", "app", "Connectors: write a new one, prove it, list those installed."),
    "dev": Command("router.cli.dev", "dev", "Start a Kafka, a schema registry and a Postgres of one's own, and watch."),
    "version": Command("router.cli.version", "version", "Show the version."),
}
_INTERRUPTED = 130


class Commands(TyperGroup):
    """The group of `COMMANDS`."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  typer's signature
        """The names, in the order of help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  typer's signature
        """The command of the name, imported now. Raises ConnectorError if there is none."""
        if cmd_name not in COMMANDS:
            close = get_close_matches(cmd_name, COMMANDS, n=1)
            raise ConnectorError(
                Reason.USAGE,
                f"There is no command {cmd_name!r}.",
                fix=f"Did you mean `router {close[0]}`?" if close else f"Commands: {', '.join(COMMANDS)}.",
            )
        module, attribute, _ = COMMANDS[cmd_name]
        found = getattr(import_module(module), attribute)
        single = typer.Typer()
        if isinstance(found, typer.Typer):
            single.add_typer(found, name=cmd_name)
        else:
            single.command(cmd_name)(found)
        return typer.main.get_group(single).commands[cmd_name]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Help by the summaries, since importing every command for it would take a second."""
        commands = {name: TyperCommand(name, help=command.summary) for name, command in COMMANDS.items()}
        TyperGroup(name=self.name, commands=dict(commands), params=self.params, help=self.help).format_help(
            ctx, formatter
        )


app = typer.Typer(
    name="router",
    cls=Commands,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def router(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Connectors on Kafka: take events in from webhooks, route them, and deliver them to databases and endpoints."""


def main() -> None:
    """Run the command line and exit with its status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status; whatever goes wrong ends in one message on stderr.

    0: done. 1: it failed at run time. 2: the configuration or the command line is wrong. 130: interrupted.
    """
    try:
        status = app(list(arguments) or ["--help"], prog_name="router", standalone_mode=False)
        sys.stdout.flush()
    except (ConfigError, ConnectorError) as error:
        return fail(error)
    except TyperException as error:
        return fail(_usage(error)) if error.format_message() else 2  # without a message, help has been shown
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`router check | head`); what is left must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001  the outermost loop: nobody is shown a traceback, which may hold secrets
        return fail(_bug(error))
    return status if isinstance(status, int) else 0


def _usage(error: TyperException) -> ConnectorError:
    possibilities: Sequence[str] = getattr(error, "possibilities", None) or ()
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "router"
    fix = f"Did you mean {' or '.join(sorted(possibilities))}?" if possibilities else f"See `{command} --help`."
    message = (error.message if possibilities else error.format_message()).replace("Value error, ", "")
    return ConnectorError(Reason.USAGE, message if message.endswith(".") else f"{message}.", fix=fix)


def _bug(error: Exception) -> ConnectorError:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return ConnectorError(
        Reason.INTERNAL_BUG,
        f"Unforeseen {type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}.",
        fix="Please report it with this line and what you ran.",
    )
