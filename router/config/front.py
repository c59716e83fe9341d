"""How the ingress port meets its senders: TLS, proxies before it, other origins, and its end."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, IPvAnyNetwork

from router.api import Secret

Network = IPvAnyNetwork
_ORIGIN = re.compile(r"https?://[0-9a-z._\[\]:-]{1,253}")


def _origin(text: str) -> str:
    if not _ORIGIN.fullmatch(text):
        message = "must be an origin in lower case and without a path, such as https://shop.example"
        raise ValueError(message)
    return text


class ClientVerification(StrEnum):
    """Whether senders must show a certificate."""

    OPTIONAL = "optional"
    REQUIRED = "required"


class ForwardedHeaders(StrEnum):
    """Which headers the proxies write. Only one kind is believed: a proxy passes on what it does not know."""

    FORWARDED = "forwarded"
    X_FORWARDED = "x-forwarded"


class TlsSettings(BaseModel):
    """TLS 1.2 or later at the port itself. Changed files and secrets are taken up without a restart."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    certificate: Path = Field(description="The PEM file of the certificate, followed by its intermediates.")
    key: Secret = Field(description="The certificate's private key as PEM, such as `${file:/secrets/tls/tls.key}`.")
    client_ca: Path | None = Field(None, description="The PEM file of those who issue the senders' certificates.")
    client_verification: ClientVerification = Field(
        ClientVerification.REQUIRED,
        description="With `client_ca`: whether a sender without a certificate is turned away in the handshake.",
    )


class DrainSettings(BaseModel):
    """How the port goes out of service after SIGTERM."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    grace_seconds: float = Field(
        0, ge=0, le=300, description="How long to go on accepting after `/readyz` has begun to fail."
    )


class CorsSettings(BaseModel):
    """Which web pages may send from a browser. Without it browsers let none."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    origins: tuple[Annotated[str, AfterValidator(_origin)], ...] = Field(
        min_length=1, description="The pages' origins, such as `https://shop.example`."
    )
    max_age_seconds: int = Field(600, ge=0, le=86_400, description="How long browsers may remember the answer.")
