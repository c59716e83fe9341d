"""Clients' certificates, verified by the TLS handshake: https://datatracker.ietf.org/doc/html/rfc8446#section-4.4.2.

Which authority may sign them, the port's settings say; which of them may send here, the endpoint's.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from router.api import Certificate, ConnectorError, Reason, Request
from sources.webhook.scheme import Scheme, Verifier

Text = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class MtlsScheme(Scheme):
    """A client's certificate. It is enough if it has one of the subjects, names or fingerprints."""

    scheme: Literal["mtls"]
    subjects: tuple[Text, ...] = Field((), max_length=100, description="Subjects, as RFC 4514 writes them.")
    names: tuple[Text, ...] = Field(
        (), max_length=100, description="Alternative names with their kind, such as `DNS:a.example`."
    )
    fingerprints: tuple[Fingerprint, ...] = Field(
        (), max_length=100, description="SHA-256 of certificates, in lower-case hexadecimal."
    )

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not (self.subjects or self.names or self.fingerprints):
            message = "give at least one of `subjects`, `names` and `fingerprints`"
            raise ValueError(message)
        return self

    def verifier(self) -> Verifier:
        """As configured."""
        return MtlsVerifier(frozenset(self.subjects), frozenset(self.names), frozenset(self.fingerprints))

    def proofs(self) -> frozenset[str]:
        """None: the certificate is no header."""
        return frozenset()


class MtlsVerifier:
    """Looks the connection's certificate up."""

    def __init__(self, subjects: frozenset[str], names: frozenset[str], fingerprints: frozenset[str]) -> None:
        self._subjects = subjects
        self._names = names
        self._fingerprints = fingerprints

    def verify(self, request: Request) -> None:
        """Return if the certificate is one of those. Raises ConnectorError (AUTH_FAILED)."""
        certificate = request.peer.certificate
        if certificate is None:
            raise ConnectorError(Reason.SIGNATURE_MISSING, "The connection has no client certificate.")
        if not self._allows(certificate):
            raise ConnectorError(Reason.SIGNATURE_MISMATCH, "The client's certificate is not one of this endpoint's.")

    def _allows(self, certificate: Certificate) -> bool:
        return (
            certificate.subject in self._subjects
            or certificate.fingerprint in self._fingerprints
            or not self._names.isdisjoint(certificate.names)
        )
