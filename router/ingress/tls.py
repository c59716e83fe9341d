"""TLS at the ingress port, with certificates that change while connections are open."""

import hashlib
import os
import ssl
import tempfile
from pathlib import Path
from typing import NamedTuple

import structlog
from cryptography import x509

from router.api import ConnectorError, Reason
from router.config.front import ClientVerification, TlsSettings
from router.observability.metrics import CERTIFICATE_EXPIRY, CERTIFICATE_RELOADS

_log = structlog.get_logger("router.ingress")


class _Material(NamedTuple):
    """What a context is made of, as PEM."""

    certificate: bytes
    key: bytes
    authorities: bytes | None


class Tls:
    """The context of the port. A handshake that begins takes the newest; connections keep what they began with."""

    def __init__(self, settings: TlsSettings) -> None:
        """Raises ConnectorError: CONFIG_INVALID if certificate and key are of no use; or as `Secret.reveal`."""
        self._settings = settings
        material = self._read()
        self._newest = self._context(material)
        self._tried = _digest(material)
        self._told = ""
        # Its own certificate is never shown: the callback puts the newest context in its place.
        self.context = self._context(material)
        self.context.sni_callback = self._choose

    def refresh(self) -> bool:
        """Take up what has changed; True if something had. What is of no use is logged and counted, and left alone."""
        try:
            material = self._read()
            digest = _digest(material)
            if digest == self._tried:
                return False
            self._tried = digest
            self._newest = self._context(material)
        except ConnectorError as error:
            if error.message != self._told:
                self._told = error.message
                CERTIFICATE_RELOADS.labels("failed").inc()
                _log.error("certificate unusable, the old one stays", reason=error.reason, message=error.message)
            return False
        self._told = ""
        CERTIFICATE_RELOADS.labels("loaded").inc()
        _log.info("certificate changed", certificate=str(self._settings.certificate))
        return True

    def _choose(self, tls: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        tls.context = self._newest

    def _read(self) -> _Material:
        authorities = self._settings.client_ca
        return _Material(
            _content(self._settings.certificate),
            self._settings.key.reveal().encode(),
            None if authorities is None else _content(authorities),
        )

    def _context(self, material: _Material) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        context.set_alpn_protocols(["http/1.1"])
        try:
            _load_chain(context, material)
            if material.authorities is not None:
                context.load_verify_locations(cadata=material.authorities.decode("ascii"))
                required = self._settings.client_verification is ClientVerification.REQUIRED
                # A session that is resumed would not be verified again, although its issuer may be gone by then.
                context.options |= ssl.OP_NO_TICKET
                context.num_tickets = 0
                context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
            expiry = x509.load_pem_x509_certificate(material.certificate).not_valid_after_utc
        except (ssl.SSLError, ValueError) as error:
            # Not the error itself: it may have parts of the key.
            what = getattr(error, "reason", None) or "not PEM"
            message = f"The certificate {self._settings.certificate} and its key are of no use together ({what})."
            fix = "Give the PEM files of the certificate with its intermediates, and of its own key."
            raise ConnectorError(Reason.CONFIG_INVALID, message, fix=fix) from None
        CERTIFICATE_EXPIRY.set(expiry.timestamp())
        return context


def _load_chain(context: ssl.SSLContext, material: _Material) -> None:
    """Load from memory, as far as that is possible: OpenSSL's binding in Python reads files only."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("tls", os.MFD_CLOEXEC)
        path = f"/proc/self/fd/{descriptor}"
    else:
        descriptor, path = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(material.certificate + b"\n" + material.key)
            file.flush()
            context.load_cert_chain(path, password=_no_password)
    finally:
        if not path.startswith("/proc/"):
            Path(path).unlink()


def _no_password() -> str:
    """OpenSSL would ask at the terminal."""
    message = "the key is encrypted"
    raise ValueError(message)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"The file {path} cannot be read ({error.strerror})."
        fix = "Check the path in `ingress.tls`, and that this user may read it."
        raise ConnectorError(Reason.CONFIG_INVALID, message, fix=fix) from error


def _digest(material: _Material) -> str:
    parts = (material.certificate, material.key, material.authorities or b"")
    return hashlib.sha256(b"".join([hashlib.sha256(part).digest() for part in parts])).hexdigest()
