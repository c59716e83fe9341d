"""`router dev`: a Kafka, a schema registry and a Postgres of one's own, and the example that shows an event's way."""

from pathlib import Path
from typing import Annotated

import typer

from router.api import ConnectorError, Reason
from router.dev.command import run_dev
from router.dev.endpoints import Ports
from router.dev.example.ports import USUAL, choose
from router.dev.example.run import run_example
from router.dev.places import default_home
from router.dev.stack import COMPONENTS

_ONLY_WITH_EXAMPLE = ("ingress", "admin", "receiver")


def _port(option: str, what: str, usual: int) -> typer.models.OptionInfo:
    """The option of a port, whose usual value is not its default: the example takes another where that is taken."""
    option_info: typer.models.OptionInfo = typer.Option(option, min=1, max=65535, help=f"{what} Usually {usual}.")
    return option_info


def dev(  # noqa: PLR0913, PLR0917  each is an option of the command line
    example: Annotated[
        bool, typer.Option("--example", help="Also run a pipeline, and show the way of some hundred webhooks.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="End after the example's balance, with status 0 only if it closes.")
    ] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Remove the state of earlier runs first.")] = False,
    home: Annotated[
        Path | None, typer.Option("--home", help="Where state and logs are kept, instead of the user's data directory.")
    ] = None,
    component: Annotated[
        list[str] | None, typer.Option("--component", help="Start only this one: kafka, registry, postgres or vault.")
    ] = None,
    also: Annotated[
        list[str] | None, typer.Option("--with", help="Start this one as well: vault, which is built with Go.")
    ] = None,
    kafka_port: Annotated[int | None, _port("--kafka-port", "Kafka's port.", USUAL.kafka)] = None,
    kafka_controller_port: Annotated[
        int | None, _port("--kafka-controller-port", "The port of Kafka's own quorum.", USUAL.kafka_controller)
    ] = None,
    registry_port: Annotated[int | None, _port("--registry-port", "The registry's port.", USUAL.registry)] = None,
    postgres_port: Annotated[int | None, _port("--postgres-port", "Postgres's port.", USUAL.postgres)] = None,
    vault_port: Annotated[int | None, _port("--vault-port", "Vault's port.", Ports().vault)] = None,
    ingress_port: Annotated[
        int | None, _port("--ingress-port", "The port of the example's endpoints.", USUAL.ingress)
    ] = None,
    admin_port: Annotated[int | None, _port("--admin-port", "The port of the example's metrics.", USUAL.admin)] = None,
    receiver_port: Annotated[
        int | None, _port("--receiver-port", "The port that the example delivers to.", USUAL.receiver)
    ] = None,
) -> None:
    """Start a Kafka, a schema registry and a Postgres of one's own, on loopback, until Ctrl-C; the state is kept.

    With --example, ports that are taken are replaced by free ones unless they were asked for.
    """
    place = home or default_home()
    ports = {
        "kafka": kafka_port,
        "kafka_controller": kafka_controller_port,
        "registry": registry_port,
        "postgres": postgres_port,
        "vault": vault_port,
        "ingress": ingress_port,
        "admin": admin_port,
        "receiver": receiver_port,
    }
    if example:
        if component or also or vault_port:
            raise ConnectorError(
                Reason.USAGE,
                "The example has components of its own.",
                fix="Leave --component, --with and --vault-port out.",
            )
        if not run_example(choose(ports), place, reset=reset, once=once):
            raise typer.Exit(1)
        return
    if once or any(ports[name] for name in _ONLY_WITH_EXAMPLE):
        raise ConnectorError(
            Reason.USAGE, "--once and the ports of the example are for the example.", fix="Add --example."
        )
    stack_ports = {name: port for name, port in ports.items() if port and name not in _ONLY_WITH_EXAMPLE}
    run_dev(Ports(**stack_ports), place, reset, frozenset(component or COMPONENTS) | frozenset(also or ()))
