"""The HTTP sink over TLS: whom it trusts, and how it shows who it is."""

import ssl
from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509

from router.api import ConnectorError, Egress, Reason, Secret
from sinks.http.sink import open_sink
from tests.integration.authority import Authority, Issued
from tests.integration.http_endpoint import config, failure, no_content, receiver
from tests.unit.sinks.examples import batch, event, secret


class Client:
    """A client's certificate in a file, and its key as a secret, both of which can be replaced."""

    def __init__(self, directory: Path, issued: Issued) -> None:
        self._file = directory / "client.pem"
        self.replace(issued)

    def replace(self, issued: Issued) -> None:
        self._file.write_bytes(issued.certificate)
        self.key = issued.key.decode()

    def settings(self, authority: Authority) -> dict[str, Any]:
        key = Secret("${env:KEY}", lambda _reference: self.key)
        return {"ca": str(authority.file), "certificate": str(self._file), "key": key}


class Visitors:
    """A receiver's handler that keeps whose certificates it has seen."""

    def __init__(self) -> None:
        self.names: list[str] = []

    async def take(self, request: web.Request) -> web.Response:
        tls = request.get_extra_info("ssl_object")
        shown = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True))
        self.names.append(shown.subject.rfc4514_string())
        return web.Response(status=204, headers={"connection": "close"})


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_an_authority_of_ones_own_is_trusted_if_it_is_given(authority: Authority) -> None:
    tls = {"ca": str(authority.file)}
    server = authority.server(authority.issue("shop.example"))
    async with receiver(no_content, server) as url:
        async with open_sink(config(url, tls=tls), "s") as sink:
            assert await sink.write(batch([event(1)], 0)) == 0
        async with open_sink(config(url), "s") as sink:
            assert (await failure(sink)).reason is Reason.TARGET_UNREACHABLE


async def test_the_name_of_the_url_is_asked_for_and_verified_though_an_address_is_connected_to(
    authority: Authority,
) -> None:
    asked: list[str | None] = []

    def choose(_tls: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        asked.append(name)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    server = authority.server(authority.issue("shop.example"))
    server.sni_callback = choose
    egress, tls = Egress((ip_network("127.0.0.1"),), resolver=resolve), {"ca": str(authority.file)}
    async with receiver(no_content, server) as url:
        async with open_sink(config(url.replace("127.0.0.1", "shop.example"), egress, tls=tls), "s") as sink:
            assert await sink.write(batch([event(1)], 0)) == 0
        async with open_sink(config(url.replace("127.0.0.1", "other.example"), egress, tls=tls), "s") as sink:
            error = await failure(sink)

    assert asked == ["shop.example", "other.example"]
    assert error.reason is Reason.TARGET_UNREACHABLE


async def test_our_certificate_is_shown(authority: Authority, tmp_path: Path) -> None:
    visitors, client = Visitors(), Client(tmp_path, authority.issue("sender"))
    server = authority.server(authority.issue("shop.example"), clients=True)
    async with (
        receiver(visitors.take, server) as url,
        open_sink(config(url, tls=client.settings(authority)), "s") as sink,
    ):
        await sink.write(batch([event(1)], 0))

    assert visitors.names == ["CN=sender"]


async def test_a_receiver_that_wants_a_certificate_gets_nothing_without(authority: Authority) -> None:
    visitors = Visitors()
    server = authority.server(authority.issue("shop.example"), clients=True)
    async with (
        receiver(visitors.take, server) as url,
        open_sink(config(url, tls={"ca": str(authority.file)}), "s") as sink,
    ):
        error = await failure(sink)

    assert error.reason is Reason.TARGET_UNREACHABLE
    assert visitors.names == []


async def test_a_new_certificate_is_shown_at_the_next_connection(authority: Authority, tmp_path: Path) -> None:
    visitors, client = Visitors(), Client(tmp_path, authority.issue("first"))
    server = authority.server(authority.issue("shop.example"), clients=True)
    async with (
        receiver(visitors.take, server) as url,
        open_sink(config(url, tls=client.settings(authority)), "s") as sink,
    ):
        await sink.write(batch([event(1)], 0))
        client.replace(authority.issue("second"))
        await sink.write(batch([event(2)], 1))

    assert visitors.names == ["CN=first", "CN=second"]


async def test_a_certificate_that_is_half_replaced_changes_nothing(authority: Authority, tmp_path: Path) -> None:
    visitors, client = Visitors(), Client(tmp_path, authority.issue("first"))
    server = authority.server(authority.issue("shop.example"), clients=True)
    async with (
        receiver(visitors.take, server) as url,
        open_sink(config(url, tls=client.settings(authority)), "s") as sink,
    ):
        client.key = authority.issue("second").key.decode()
        await sink.write(batch([event(1)], 0))

    assert visitors.names == ["CN=first"]


@pytest.mark.parametrize("broken", ["ca", "certificate", "key", "absent"])
async def test_what_is_of_no_use_is_found_at_the_start(authority: Authority, tmp_path: Path, broken: str) -> None:
    settings = Client(tmp_path, authority.issue("sender")).settings(authority)
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("hunter2")
    if broken == "key":
        settings["key"] = secret(authority.issue("hunter2").key.decode())
    elif broken == "absent":
        settings["ca"] = str(tmp_path / "absent.pem")
    else:
        settings[broken] = str(nonsense)

    with pytest.raises(ConnectorError) as caught:
        async with open_sink(config("https://127.0.0.1:1/", tls=settings), "s"):
            pass

    assert caught.value.reason is Reason.CONFIG_INVALID
    assert "hunter2" not in str(caught.value)
    assert "PRIVATE" not in str(caught.value)
