"""How the sink shows the endpoint who it is: OAuth 2.0 client credentials (RFC 6749, section 4.4)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from router.api import ConnectorConfig, Secret
from sinks.http.address import Url
from sinks.http.tls import TlsConfig

Parameter = Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[\x20-\x7e]+$")]


class ClientCredentials(ConnectorConfig):
    """A token of an authorization server: kept until shortly before its end, and asked for again after a 401."""

    scheme: Literal["oauth2_client_credentials"]
    token_url: Url = Field(description="Where tokens are given; its host must be within `scopes.hosts`, too.")
    client_id: str = Field(pattern=r"^[\x21-\x39\x3b-\x7e]{1,256}$", description="The client's id.")
    client_secret: Secret = Field(description="The client's secret.")
    scope: Parameter | None = Field(None, description="The scopes to ask for, with spaces between.")
    audience: Parameter | None = Field(None, description="Whom the token is for, where the server wants to know.")
    client_auth: Literal["header", "body"] = Field(
        "header", description="Whether id and secret are sent as basic authentication or in the form."
    )
    tls: TlsConfig | None = Field(None, description="For the token's server; without it, the system's certificates.")

    @model_validator(mode="after")
    def _encrypted_if_asked_for(self) -> Self:
        if self.tls is not None and not self.token_url.startswith("https:"):
            message = "tls: the token_url must be https:// then"
            raise ValueError(message)
        return self
