"""The settings of the HTTP sink."""

from typing import Self

from pydantic import Field, model_validator

from router.api import ConnectorConfig, Secret
from sinks.http.address import Url, host_and_port
from sinks.http.auth import ClientCredentials
from sinks.http.headers import Headers
from sinks.http.tls import TlsConfig


class HttpConfig(ConnectorConfig):
    """Where events are posted to, and how they are signed."""

    url: Url = Field(description="The endpoint's address, http or https.")
    signing_secret: Secret = Field(
        description="The key of the signatures, `whsec_` and 24 to 64 bytes in base64 (Standard Webhooks)."
    )
    headers: Headers = Field(
        default_factory=dict,
        max_length=32,
        description="Headers sent with every event; those that hold secrets as references, whole values.",
    )
    auth: ClientCredentials | None = Field(None, description="How the endpoint is shown who sends; without it, not.")
    tls: TlsConfig | None = Field(
        None, description="For an https endpoint: whom to trust, and our own certificate (mutual TLS)."
    )
    timeout_seconds: float = Field(30, gt=0, le=600, description="How long a request may take, answer included.")
    max_in_flight: int = Field(64, ge=1, le=512, description="How many requests a process has under way at most.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.auth is not None and "authorization" in self.headers:
            message = "headers: authorization is set by `auth`: give one of them"
            raise ValueError(message)
        if self.tls is not None and not self.url.startswith("https:"):
            message = "tls: the url must be https:// then"
            raise ValueError(message)
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """The `host:port` of the endpoint, and of its tokens."""
        urls = [self.url] if self.auth is None else [self.url, self.auth.token_url]
        return tuple(dict.fromkeys(map(host_and_port, urls)))
