"""How connections are encrypted: whom we trust, and who we are, with files and secrets that change under way."""

import hashlib
import os
import ssl
import tempfile
from pathlib import Path
from typing import Annotated, NamedTuple, Self

from pydantic import Field, StringConstraints, model_validator

from router.api import ConnectorConfig, ConnectorError, Reason, Secret

File = Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f]{1,4095}$")]


class TlsConfig(ConnectorConfig):
    """Whom to trust, and a certificate of our own. Names are always verified, and TLS is 1.2 or later."""

    ca: File | None = Field(None, description="The file of certificates to trust (PEM); without it, the system's.")
    certificate: File | None = Field(None, description="The file of our own certificate and its chain (PEM).")
    key: Secret | None = Field(None, description="The certificate's private key (PEM, not encrypted).")

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            message = "certificate and key: needed both, or neither"
            raise ValueError(message)
        return self


class _Material(NamedTuple):
    """What a context is made of, as PEM."""

    authorities: bytes | None
    certificate: bytes | None
    key: bytes | None


class Tls:
    """Makes the context of new connections: the newest that is of use."""

    def __init__(self, config: TlsConfig) -> None:
        """Raises ConnectorError: CONFIG_INVALID if certificate and key are of no use; or as `Secret.reveal`."""
        self._config = config
        material = self._read()
        self._context = _context(config, material)
        self._tried = _digest(material)

    def context(self) -> ssl.SSLContext:
        """What to connect with now. Files that are of no use, while somebody replaces them, change nothing."""
        try:
            material = self._read()
            digest = _digest(material)
            if digest != self._tried:
                self._context = _context(self._config, material)
                self._tried = digest
        except ConnectorError:
            # The old one is tried: if it is not valid any more, the handshake says so.
            return self._context
        return self._context

    def _read(self) -> _Material:
        config = self._config
        return _Material(
            None if config.ca is None else _content(config.ca),
            None if config.certificate is None else _content(config.certificate),
            None if config.key is None else config.key.reveal().encode(),
        )


def _context(config: TlsConfig, material: _Material) -> ssl.SSLContext:
    try:
        trusted = None if material.authorities is None else material.authorities.decode("ascii")
        context = ssl.create_default_context(cadata=trusted)
    except (ssl.SSLError, ValueError):
        message = f"The file {config.ca} has no certificates to trust."
        raise ConnectorError(Reason.CONFIG_INVALID, message, fix="Give a PEM file of certificates.") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if material.certificate is not None and material.key is not None:
        try:
            _load_chain(context, material.certificate + b"\n" + material.key)
        except (ssl.SSLError, ValueError) as error:
            # Not the error itself: it may have parts of the key.
            what = getattr(error, "reason", None) or "not PEM"
            message = f"The certificate {config.certificate} and its key are of no use together ({what})."
            fix = "Give the PEM file of the certificate with its intermediates, and its own key, not encrypted."
            raise ConnectorError(Reason.CONFIG_INVALID, message, fix=fix) from None
    return context


def _load_chain(context: ssl.SSLContext, pem: bytes) -> None:
    """Load from memory, as far as that is possible: OpenSSL's binding in Python reads files only."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("tls", os.MFD_CLOEXEC)
        path = f"/proc/self/fd/{descriptor}"
    else:
        descriptor, path = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            context.load_cert_chain(path, password=_no_password)
    finally:
        if not path.startswith("/proc/"):
            Path(path).unlink()


def _no_password() -> str:
    """OpenSSL would ask at the terminal."""
    message = "the key is encrypted"
    raise ValueError(message)


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        message = f"The file {path} cannot be read ({error.strerror})."
        fix = "Check the path in `tls`, and that this user may read it."
        raise ConnectorError(Reason.CONFIG_INVALID, message, fix=fix) from error


def _digest(material: _Material) -> bytes:
    return hashlib.sha256(b"".join(hashlib.sha256(part or b"").digest() for part in material)).digest()
