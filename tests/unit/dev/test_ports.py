"""Ports that are taken."""

import socket
from collections.abc import Iterator

import pytest

from router.api import ConnectorError, Reason
from router.dev.endpoints import HOST
from router.dev.ports import require_free


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def test_every_taken_port_is_named_in_one_error(listener: int) -> None:
    with socket.create_server((HOST, 0)) as other, pytest.raises(ConnectorError) as caught:
        require_free({"kafka": listener, "registry": other.getsockname()[1]})

    assert caught.value.reason is Reason.PORT_IN_USE
    assert f"{listener} (kafka)" in caught.value.message
    assert "(registry)" in caught.value.message
    assert caught.value.fix == "stop it, or choose another port with --kafka-port, --registry-port"


def test_a_port_taken_on_all_addresses_is_taken_on_loopback() -> None:
    with socket.create_server(("0.0.0.0", 0)) as everywhere, pytest.raises(ConnectorError):  # noqa: S104 # the case
        require_free({"kafka": everywhere.getsockname()[1]})


def test_a_port_with_old_connections_only_is_free(listener: int) -> None:
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        client = socket.create_connection((HOST, port))
        accepted, _ = server.accept()
        accepted.close()
        client.close()

    require_free({"kafka": port})
