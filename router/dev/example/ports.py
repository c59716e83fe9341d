"""The ports of the example: the usual ones, or free ones where another program has taken those."""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import chain

from router.dev.endpoints import HOST
from router.dev.ports import is_free, require_free


@dataclass(frozen=True, slots=True)
class ExamplePorts:
    """The TCP ports of the example, all on loopback, as they stand in its pipeline.yaml.

    receiver: of the HTTP endpoint that the pipeline delivers to.
    """

    kafka: int = 9092
    kafka_controller: int = 9093
    registry: int = 8081
    postgres: int = 5432
    ingress: int = 8080
    admin: int = 9464
    receiver: int = 9000


USUAL = ExamplePorts()


def choose(wanted: Mapping[str, int | None]) -> ExamplePorts:
    """The ports that were asked for by name; for the others the usual one, or any that is free.

    Raises ConnectorError: PORT_IN_USE for one of ours (not of the stack's, which may run already) that is taken.
    """
    asked = {name: port for name, port in wanted.items() if port is not None}
    require_free({name: port for name, port in asked.items() if name in ("ingress", "admin", "receiver")})
    chosen = dict(asked)
    for field in fields(ExamplePorts):
        if field.name not in chosen:
            chosen[field.name] = _free(getattr(USUAL, field.name), set(chosen.values()))
    return ExamplePorts(**chosen)


def _free(usual: int, taken: set[int]) -> int:
    return next(port for port in chain([usual], _others()) if port not in taken and is_free(port))


def _others() -> Iterator[int]:
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        yield port
