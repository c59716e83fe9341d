"""PayPal's signatures count only with a certificate from PayPal's hosts that leads to a trusted root."""

import base64
import time
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from router.api import ConnectorError, Reason, Request
from sources.webhook import connector
from sources.webhook.config import WebhookConfig
from sources.webhook.receiver import WebhookReceiver
from tests.unit.sources.webhook.opening import only, opened, reason, refuses_settings, sent
from tests.unit.sources.webhook.serving import Origin

NAME = "messageverificationcerts.paypal.com"
ROOT_KEY, KEY, OTHER_KEY = (rsa.generate_private_key(65537, 2048) for _ in range(3))
BODY = b'{"id": "WH-1", "event_type": "PAYMENT.SALE.COMPLETED", "resource": {"id": "80F8"}}'
NOW = int(time.time())
PATH = "/v1/notifications/certs/CERT-1"


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def root(key: rsa.RSAPrivateKey = ROOT_KEY) -> x509.Certificate:
    public = key.public_key()
    builder = x509.CertificateBuilder(named("Root"), named("Root"), public, x509.random_serial_number())
    usage = {"digital_signature": False, "content_commitment": False, "key_encipherment": False}
    usage |= {"data_encipherment": False, "key_agreement": False, "encipher_only": False, "decipher_only": False}
    return (
        dated(builder)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, SHA256())
    )


def dated(builder: x509.CertificateBuilder, days: int = 30) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return builder.not_valid_before(now - timedelta(days=60)).not_valid_after(now + timedelta(days=days))


def leaf(name: str = NAME, *, signer: rsa.RSAPrivateKey = ROOT_KEY, days: int = 30) -> bytes:
    builder = x509.CertificateBuilder(named("Root"), named(name), KEY.public_key(), x509.random_serial_number())
    certificate = (
        dated(builder, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


@dataclass
class Paypal:
    """An endpoint, and a server with the certificate."""

    receiver: WebhookReceiver
    origin: Origin

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.origin.port}{PATH}"

    def request(
        self,
        *,
        body: bytes = BODY,
        key: rsa.RSAPrivateKey = KEY,
        sent_at: int = NOW,
        at: float = NOW,
        webhook: str = "WH-ID",
        **changes: str,
    ) -> Request:
        """As PayPal's documentation says."""
        moment = datetime.fromtimestamp(sent_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        signed = f"t-1|{moment}|{webhook}|{zlib.crc32(BODY)}".encode()
        values = {
            "transmission-id": "t-1",
            "transmission-time": moment,
            "transmission-sig": base64.b64encode(key.sign(signed, PKCS1v15(), SHA256())).decode(),
            "auth-algo": "SHA256withRSA",
            "cert-url": self.url,
        }
        given = values | {name.replace("_", "-"): value for name, value in changes.items()}
        return sent(tuple((f"paypal-{name}", value) for name, value in given.items()), body, at=at)


@pytest.fixture
async def paypal(tmp_path: Path) -> AsyncIterator[Paypal]:
    ca_file = tmp_path / "roots.pem"
    ca_file.write_bytes(root().public_bytes(Encoding.PEM))
    async with Origin().running() as origin:
        origin.body = leaf()
        yield Paypal(opened(settings(f"127.0.0.1:{origin.port}", str(ca_file))), origin)


def settings(host: str, ca_file: str | None = None) -> dict[str, Any]:
    return {"scheme": "paypal", "webhook_id": "WH-ID", "certificate_hosts": [host], "ca_file": ca_file}


async def fetched(paypal: Paypal) -> None:
    assert reason(paypal.receiver, paypal.request()) is Reason.KEY_UNKNOWN
    assert paypal.receiver.refresh_due(NOW + 1)
    await paypal.receiver.refresh()


async def test_a_request_is_accepted_once_its_certificate_is_fetched(paypal: Paypal) -> None:
    assert not paypal.receiver.refresh_due(time.time())
    await fetched(paypal)

    record = only(paypal.receiver, paypal.request())

    assert (record.id, record.type, record.subject) == ("WH-1", "PAYMENT.SALE.COMPLETED", "80F8")
    assert paypal.origin.paths == [PATH]


async def test_what_is_wrong_is_refused_with_its_reason(paypal: Paypal) -> None:
    await fetched(paypal)
    short = base64.b64encode(b"short").decode()

    for request, expected in [
        (paypal.request(body=BODY + b" "), Reason.SIGNATURE_MISMATCH),
        (paypal.request(key=OTHER_KEY), Reason.SIGNATURE_MISMATCH),
        (paypal.request(webhook="OTHER"), Reason.SIGNATURE_MISMATCH),
        (paypal.request(transmission_id="t-2"), Reason.SIGNATURE_MISMATCH),
        (paypal.request(transmission_id="t|2"), Reason.SIGNATURE_MALFORMED),
        (paypal.request(transmission_id=""), Reason.SIGNATURE_MISSING),
        (paypal.request(transmission_sig=""), Reason.SIGNATURE_MISSING),
        (paypal.request(transmission_sig="\xff"), Reason.SIGNATURE_MALFORMED),
        (paypal.request(transmission_sig=short), Reason.SIGNATURE_MISMATCH),
        (paypal.request(auth_algo="SHA1withRSA"), Reason.SCHEME_NOT_ALLOWED),
        (paypal.request(auth_algo=""), Reason.SCHEME_NOT_ALLOWED),
        (paypal.request(transmission_time=""), Reason.TIMESTAMP_MISSING),
        (paypal.request(transmission_time=str(NOW)), Reason.TIMESTAMP_MALFORMED),
        (paypal.request(transmission_time="2026-13-01T00:00:00Z"), Reason.TIMESTAMP_MALFORMED),
        (paypal.request(at=NOW + 259_201), Reason.TIMESTAMP_OUT_OF_WINDOW),
        (paypal.request(cert_url=""), Reason.SIGNATURE_MISSING),
    ]:
        assert reason(paypal.receiver, request) is expected
    assert only(paypal.receiver, paypal.request(at=NOW + 259_200)).id == "WH-1"


async def test_certificates_of_other_places_are_never_fetched(paypal: Paypal) -> None:
    here = f"127.0.0.1:{paypal.origin.port}"
    for url in [
        f"https://evil.example{PATH}",
        f"http://{here}@evil.example{PATH}",
        f"http://evil.example@{here}{PATH}",
        f"http://{here}/other",
        f"http://{here}{PATH}?x",
        f"http://{here}{PATH}/../../x",
        f"http://{here}.evil.example{PATH}",
        f"http://localhost:{paypal.origin.port}{PATH}",
        f"http://127.0.0.1:99999{PATH}",
        f"file://{here}{PATH}",
        "\xff",
    ]:
        assert reason(paypal.receiver, paypal.request(cert_url=url)) is Reason.KEY_UNKNOWN
    assert not paypal.receiver.refresh_due(time.time() + 100)


@pytest.mark.parametrize(
    "pem",
    [
        leaf("evil.example"),
        leaf("x." + NAME),
        leaf(signer=OTHER_KEY),
        leaf(signer=OTHER_KEY) + root(OTHER_KEY).public_bytes(Encoding.PEM),
        leaf(days=-1),
        root().public_bytes(Encoding.PEM),
        b"no certificate",
        b"",
        leaf() * 11,
        b" " * 70_000,
    ],
)
async def test_any_other_certificate_is_refused(paypal: Paypal, pem: bytes) -> None:
    paypal.origin.body = pem

    with pytest.raises(ConnectorError):
        await fetched(paypal)

    assert reason(paypal.receiver, paypal.request()) is Reason.KEY_UNKNOWN
    assert not paypal.receiver.refresh_due(time.time() + 9)


async def test_redirects_are_not_followed(paypal: Paypal) -> None:
    paypal.origin.status, paypal.origin.headers = 302, {"location": "/elsewhere"}

    with pytest.raises(ConnectorError):
        await fetched(paypal)

    assert paypal.origin.paths == [PATH]


async def test_however_many_urls_are_named_only_a_few_are_fetched(paypal: Paypal) -> None:
    for number in range(100):
        assert reason(paypal.receiver, paypal.request(cert_url=f"{paypal.url}{number}")) is Reason.KEY_UNKNOWN

    await paypal.receiver.refresh()

    assert len(paypal.origin.paths) == 4


async def test_a_certificate_ends(paypal: Paypal) -> None:
    await fetched(paypal)
    later = NOW + 31 * 86_400

    assert reason(paypal.receiver, paypal.request(sent_at=later, at=later)) is Reason.KEY_UNKNOWN


def test_the_hosts_are_paypals_unless_others_are_named() -> None:
    config = WebhookConfig.model_validate({"path": "/p", "verify": {"scheme": "paypal", "webhook_id": "W"}})

    assert connector.hosts(config) == ("api.paypal.com:443", "api.sandbox.paypal.com:443")


def test_roots_that_cannot_be_read_are_found_at_the_start(tmp_path: Path) -> None:
    for content in (None, b"", b"no certificate"):
        file = tmp_path / "ca.pem"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(ConnectorError) as raised:
            opened(settings("api.paypal.com", str(file)))
        assert raised.value.reason is Reason.CONFIG_INVALID


@pytest.mark.parametrize("host", ["", "*", "a/b", "a@b", "a:b", "https://a"])
def test_what_is_no_host_is_refused_as_a_setting(host: str) -> None:
    assert refuses_settings(settings(host))
