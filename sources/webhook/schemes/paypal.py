"""PayPal's signatures: RSA with SHA-256, of the transmission's id and time, the webhook's id and the body's CRC-32.

https://developer.paypal.com/api/rest/webhooks/rest/
The certificate is where the request says, which must be at one of PayPal's hosts, and is verified up to a trusted root.
A CRC-32 is easy to forge: whoever has seen one request could send others with its signature until it is too old.
"""

import re
import zlib
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from router.api import ConnectorError, Reason, Request
from sources.webhook.attributes import Attributes, body
from sources.webhook.certificates import FetchedCertificates, roots
from sources.webhook.encoding import check_window, decode_base64, single
from sources.webhook.fetching import address, is_loopback
from sources.webhook.scheme import Scheme, Verifier
from sources.webhook.selection import moment

TRANSMISSION_ID, TRANSMISSION_TIME = "paypal-transmission-id", "paypal-transmission-time"
SIGNATURE, ALGORITHM, CERTIFICATE_URL = "paypal-transmission-sig", "paypal-auth-algo", "paypal-cert-url"
_ALGORITHM = "SHA256withRSA"
_PATH = re.compile(r"https?://[^/?#]+/v1/notifications/certs/[A-Za-z0-9._-]{1,200}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z")
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_MAX_SIGNATURE_BYTES = 1024
_RETRIES_SECONDS = 259_200
"""PayPal goes on trying for three days."""

Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,253}(?::[0-9]{1,5})?$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,253}$")]


class PaypalScheme(Scheme):
    """PayPal (`PAYPAL-TRANSMISSION-SIG`)."""

    scheme: Literal["paypal"]
    webhook_id: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$", description="The webhook's id, as PayPal shows it.")
    certificate_hosts: tuple[Host, ...] = Field(
        ("api.paypal.com", "api.sandbox.paypal.com"),
        min_length=1,
        max_length=10,
        description="Where certificates may be fetched from; `scopes.hosts` must have them, too.",
    )
    certificate_names: tuple[Name, ...] = Field(
        ("messageverificationcerts.paypal.com", "messageverificationcerts.sandbox.paypal.com"),
        min_length=1,
        max_length=10,
        description="Whom a certificate must be for.",
    )
    ca_file: str | None = Field(None, description="A PEM file with the trusted roots, instead of the system's.")
    tolerance_seconds: int = Field(
        _RETRIES_SECONDS, ge=1, le=_RETRIES_SECONDS, description="How far the transmission's time may be off."
    )

    attributes: ClassVar = Attributes(
        id=body("id"), type=body("event_type"), subject=body("resource.id"), time=body("create_time")
    )

    def verifier(self) -> Verifier:
        """With no certificate yet."""
        return PaypalVerifier(self, FetchedCertificates(roots(self.ca_file), self.certificate_names, self.egress))

    def hosts(self) -> tuple[str, ...]:
        """Where the certificates are."""
        return tuple([_address(host) for host in self.certificate_hosts])

    def proofs(self) -> frozenset[str]:
        """The signature."""
        return frozenset({SIGNATURE})


class PaypalVerifier:
    """Verifies `{id}|{time}|{webhook's id}|{CRC-32 of the body}`."""

    def __init__(self, scheme: PaypalScheme, certificates: FetchedCertificates) -> None:
        self._scheme = scheme
        self._hosts = frozenset(scheme.hosts())
        self._certificates = certificates

    def verify(self, request: Request) -> None:
        """Return if the signature matches. Raises ConnectorError (AUTH_FAILED, INPUT_INVALID), whatever the bytes."""
        signature = _signature(single(request, SIGNATURE, Reason.SIGNATURE_MISSING))
        if single(request, ALGORITHM, Reason.SCHEME_NOT_ALLOWED) != _ALGORITHM:
            raise ConnectorError(Reason.SCHEME_NOT_ALLOWED, f"The signature is not {_ALGORITHM}.")
        transmission = single(request, TRANSMISSION_ID, Reason.SIGNATURE_MISSING)
        sent_at = single(request, TRANSMISSION_TIME, Reason.TIMESTAMP_MISSING)
        if not _ID.fullmatch(transmission):
            raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The transmission's id cannot be read.")
        check_window(_seconds(sent_at), request.received_at, self._scheme.tolerance_seconds)
        url = self._url(single(request, CERTIFICATE_URL, Reason.SIGNATURE_MISSING))
        certificate = self._certificates.find(url, request.received_at)
        signed = f"{transmission}|{sent_at}|{self._scheme.webhook_id}|{zlib.crc32(request.body)}".encode()
        if not certificate.matches(signature, signed):
            raise ConnectorError(Reason.SIGNATURE_MISMATCH, "The signature does not match.")

    def refresh_due(self, now: float) -> bool:
        """Whether certificates have to be fetched. now: seconds since the epoch."""
        return self._certificates.refresh_due(now)

    async def refresh(self) -> None:
        """Fetch the certificates that were missed. Raises ConnectorError."""
        await self._certificates.refresh()

    def _url(self, text: str) -> str:
        parts = _PATH.fullmatch(text)
        try:
            known = parts is not None and address(text) in self._hosts
        except ValueError:
            known = False
        if not known:
            raise ConnectorError(Reason.KEY_UNKNOWN, "The certificate's URL is not at one of `certificate_hosts`.")
        return text


def _address(host: str) -> str:
    name, _, port = host.partition(":")
    return f"{name}:{port or (80 if is_loopback(name) else 443)}"


def _signature(text: str) -> bytes:
    length = len(text) // 4 * 3 - text[-2:].count("=")
    signature = decode_base64(text, length) if 0 < length <= _MAX_SIGNATURE_BYTES else None
    if signature is None:
        raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The signature is not the canonical base64 of a signature.")
    return signature


def _seconds(text: str) -> int:
    time = moment(text) if _TIME.fullmatch(text) else None
    if time is None:
        raise ConnectorError(
            Reason.TIMESTAMP_MALFORMED, "The transmission's time is no time such as 2026-01-31T00:00:00Z."
        )
    return int(time.timestamp())
