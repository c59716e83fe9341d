"""TLS at the ingress port: real handshakes, and certificates that change under way."""

import asyncio
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from router.api import ConnectorError, Peer, Reason, Secret
from router.config.front import ClientVerification, TlsSettings
from router.config.models import IngressSettings
from router.ingress.server import Endpoint, IngressServer
from tests.integration.ingress_port import GOOD, Observer, Sender


@dataclass(frozen=True)
class Issued:
    certificate: bytes
    key: bytes


def issue(name: str) -> Issued:
    """A certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Issued(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


@dataclass
class Files:
    directory: Path

    def write(self, issued: Issued) -> None:
        (self.directory / "tls.crt").write_bytes(issued.certificate)
        (self.directory / "tls.key").write_bytes(issued.key)

    def settings(self, client_ca: Path | None = None, verification: str = "required") -> TlsSettings:
        return TlsSettings(
            certificate=self.directory / "tls.crt",
            key=Secret("${file:/tls.key}", lambda _: (self.directory / "tls.key").read_text()),
            client_ca=client_ca,
            client_verification=ClientVerification(verification),
        )


@dataclass
class Opened:
    number: int
    sender: Sender
    server: IngressServer


@pytest.fixture
def files(tmp_path: Path) -> Files:
    made = Files(tmp_path)
    made.write(issue("first.example"))
    return made


@asynccontextmanager
async def opened(tls: TlsSettings) -> AsyncIterator[Opened]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    sender = Sender()
    endpoint = Endpoint("hooks", "/hooks", sender, sender.publish)
    server = IngressServer(IngressSettings(port=number, tls=tls), [endpoint], Observer(sender))
    await server.start()
    try:
        yield Opened(number, sender, server)
    finally:
        await server.stop()


def client(own: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if own is not None:
        context.load_cert_chain(own / "tls.crt", own / "tls.key")
    return context


async def connect(port: Opened, context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port.number, ssl=context, server_hostname="")


async def post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(GOOD)
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(size)
    return head


async def once(port: Opened, context: ssl.SSLContext) -> bytes:
    """The answer to a request on a connection of its own."""
    reader, writer = await connect(port, context)
    try:
        return await post(reader, writer)
    finally:
        writer.close()


async def shown(port: Opened) -> str:
    """The name of the certificate that a new connection gets."""
    _, writer = await connect(port, client())
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(der).subject.rfc4514_string()


async def test_a_request_over_tls_is_accepted_and_known_as_https(files: Files) -> None:
    async with opened(files.settings()) as port:
        head = await once(port, client())

    assert head.startswith(b"HTTP/1.1 202 ")
    assert port.sender.requests[0].peer == Peer("127.0.0.1", "https")


async def test_tls_before_1_2_is_refused(files: Files) -> None:
    old = client()
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with opened(files.settings()) as port:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await connect(port, old)


async def test_a_new_certificate_is_shown_and_old_connections_stay(files: Files) -> None:
    async with opened(files.settings()) as port:
        old = await connect(port, client())
        files.write(issue("second.example"))

        port.server.refresh()

        assert await shown(port) == "CN=second.example"
        assert (await post(*old)).startswith(b"HTTP/1.1 202 ")
        old[1].close()


async def test_a_bad_certificate_leaves_the_old_one(files: Files) -> None:
    async with opened(files.settings()) as port:
        (files.directory / "tls.key").write_bytes(issue("other.example").key)

        port.server.refresh()

        assert await shown(port) == "CN=first.example"


def test_a_bad_certificate_at_the_start_is_an_error_without_the_key(files: Files) -> None:
    (files.directory / "tls.crt").write_text("no PEM")

    with pytest.raises(ConnectorError) as caught:
        IngressServer(IngressSettings(tls=files.settings()), [], Observer(Sender()))

    assert caught.value.reason is Reason.CONFIG_INVALID
    assert "PRIVATE" not in caught.value.message


async def test_the_senders_certificate_is_known(files: Files, tmp_path: Path) -> None:
    own = Files(tmp_path / "own")
    own.directory.mkdir()
    issued = issue("sender.example")
    own.write(issued)
    async with opened(files.settings(own.directory / "tls.crt")) as port:
        await once(port, client(own.directory))

    found = port.sender.requests[0].peer.certificate
    expected = x509.load_pem_x509_certificate(issued.certificate).fingerprint(hashes.SHA256()).hex()
    assert found == ("CN=sender.example", ("DNS:sender.example",), expected)


async def test_a_sender_without_a_certificate_is_turned_away(files: Files) -> None:
    async with opened(files.settings(files.directory / "tls.crt")) as port:
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await once(port, client())

    assert port.sender.requests == []


async def test_an_optional_certificate_may_be_missing(files: Files) -> None:
    async with opened(files.settings(files.directory / "tls.crt", "optional")) as port:
        await once(port, client())

    assert port.sender.requests[0].peer.certificate is None


async def test_a_changed_issuer_counts_for_new_connections(files: Files, tmp_path: Path) -> None:
    own = Files(tmp_path / "own")
    own.directory.mkdir()
    own.write(issue("sender.example"))
    authorities = tmp_path / "ca.crt"
    authorities.write_bytes((own.directory / "tls.crt").read_bytes())
    async with opened(files.settings(authorities)) as port:
        await once(port, client(own.directory))
        authorities.write_bytes(issue("elsewhere.example").certificate)

        port.server.refresh()

        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await once(port, client(own.directory))
