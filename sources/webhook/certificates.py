"""Certificates that sign messages, fetched from where a message says and verified: https://datatracker.ietf.org/doc/html/rfc5280."""

import ssl
import time
import warnings
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from router.api import ConnectorError, Egress, Reason
from sources.webhook.fetching import fetch

_MAX_BYTES = 64 * 1024
_MAX_CHAIN = 10
_MAX_KEPT = 16
_MAX_MISSED = 4
_MIN_RSA_BITS = 2048
_PAUSE_SECONDS = 10.0


class SigningCertificate(NamedTuple):
    """A certificate that has been verified. Its times are seconds since the epoch."""

    public: rsa.RSAPublicKey
    begins: float
    ends: float

    def matches(self, signature: bytes, signed: bytes) -> bool:
        """Whether the signature is one of its key."""
        try:
            self.public.verify(signature, signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


def roots(path: str | None) -> Store:
    """The trusted roots of the PEM file, or of the system. Raises ConnectorError (CONFIG_INVALID) without any."""
    try:
        found = _system_roots() if path is None else x509.load_pem_x509_certificates(Path(path).read_bytes())
        return Store(found)
    except (OSError, ValueError) as error:
        what = "The system's trusted roots" if path is None else f"The roots of {path}"
        message = f"{what} cannot be read ({type(error).__name__})."
        raise ConnectorError(Reason.CONFIG_INVALID, message, fix="Set `ca_file` to a PEM file of roots.") from None


def _system_roots() -> list[x509.Certificate]:
    """Those of the system, but for a few old ones that RFC 5280 forbids."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        for one in ssl.create_default_context().get_ca_certs(binary_form=True):
            with suppress(ValueError, CryptographyDeprecationWarning):
                found.append(x509.load_der_x509_certificate(one))
    return found


def verified(pem: bytes, store: Store, names: Sequence[str], now: float) -> SigningCertificate:
    """The first certificate, if the others lead from it to a root, and it is for one of the names.

    Raises ValueError, if it is not.
    """
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError:
        message = "is no PEM with certificates"
        raise ValueError(message) from None
    if len(chain) > _MAX_CHAIN or not any(_leads(chain, store, name, now) for name in names):
        message = "does not lead to a trusted root, has ended, or is for somebody else"
        raise ValueError(message)
    leaf = chain[0]
    try:
        public = leaf.public_key()
    except (UnsupportedAlgorithm, ValueError):
        public = None
    if not isinstance(public, rsa.RSAPublicKey) or public.key_size < _MIN_RSA_BITS:
        message = f"has no RSA key of at least {_MIN_RSA_BITS} bits"
        raise ValueError(message)
    return SigningCertificate(public, leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp())


def _leads(chain: list[x509.Certificate], store: Store, name: str, now: float) -> bool:
    at = datetime.fromtimestamp(now, UTC)
    verifier = PolicyBuilder().store(store).time(at).build_server_verifier(x509.DNSName(name))
    try:
        verifier.verify(chain[0], chain[1:])
    except (VerificationError, UnsupportedAlgorithm, ValueError):
        return False
    return True


class FetchedCertificates:
    """Certificates by their URL, of which a caller only gives those of hosts that are allowed."""

    def __init__(self, store: Store, names: Sequence[str], egress: Egress) -> None:
        self._store = store
        self._names = names
        self._egress = egress
        self._kept: dict[str, SigningCertificate] = {}
        self._missed: deque[str] = deque(maxlen=_MAX_MISSED)
        self._tried_at = -inf

    def find(self, url: str, now: float) -> SigningCertificate:
        """The certificate there. now: seconds since the epoch.

        Raises ConnectorError (KEY_UNKNOWN) if it has not been fetched yet, or is not valid now.
        """
        certificate = self._kept.get(url)
        if certificate is None or not certificate.begins <= now <= certificate.ends:
            if url not in self._missed:
                self._missed.append(url)
            raise ConnectorError(Reason.KEY_UNKNOWN, "The certificate that the request names is not known.")
        return certificate

    def refresh_due(self, now: float) -> bool:
        """Whether one was missed; whoever sends nonsense cannot have them fetched all the time."""
        return bool(self._missed) and now - self._tried_at >= _PAUSE_SECONDS

    async def refresh(self) -> None:
        """Fetch those that were missed, up to some.

        Raises ConnectorError (TARGET_UNREACHABLE, TARGET_TIMEOUT, PAYLOAD_TOO_LARGE, EGRESS_DENIED) of the last that
        could not be had.
        """
        self._tried_at = now = time.time()
        failed: ConnectorError | None = None
        while self._missed:
            url = self._missed.popleft()
            try:
                certificate = verified(await fetch(url, _MAX_BYTES, self._egress), self._store, self._names, now)
            except ConnectorError as error:
                failed = error
            except ValueError as error:
                failed = ConnectorError(Reason.TARGET_UNREACHABLE, f"A certificate that was fetched {error}.")
            else:
                self._kept.pop(url, None)
                self._kept[url] = certificate
                while len(self._kept) > _MAX_KEPT:
                    del self._kept[next(iter(self._kept))]
        if failed is not None:
            raise failed
