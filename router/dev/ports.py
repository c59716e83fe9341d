"""Taken ports are found before anything is started, and named in one error."""

import socket
from collections.abc import Mapping

from router.api.errors import ConnectorError
from router.api.reasons import Reason
from router.dev.endpoints import HOST


def require_free(ports: Mapping[str, int]) -> None:
    """Check every port by binding it for a moment. ports: the port of each name that the user knows it by.

    Raises ConnectorError: PORT_IN_USE, naming all that are taken.
    """
    taken = {name: port for name, port in ports.items() if not is_free(port)}
    if taken:
        listed = ", ".join(f"{port} ({name})" for name, port in taken.items())
        options = ", ".join(f"--{name.replace(' ', '-')}-port" for name in taken)
        raise ConnectorError(
            Reason.PORT_IN_USE,
            f"another program listens on {HOST}, port {listed}",
            fix=f"stop it, or choose another port with {options}",
        )


def is_free(port: int) -> bool:
    """Whether a server could listen on the port of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do it: connections of a server that has just ended do not hinder the next one.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
