"""The settings of how an API is authenticated to."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from router.api import ConnectorConfig, Secret
from sources.http_poll.address import http_address


class NoAuth(ConnectorConfig):
    """The API is open."""

    scheme: Literal["none"] = "none"


class ApiKeyAuth(ConnectorConfig):
    """A key in a header or in the query."""

    scheme: Literal["api_key"]
    place: Literal["header", "query"] = Field("header", description="Where the key is sent.")
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The header's or parameter's name.")
    key: Secret = Field(description="The key.")


class BasicAuth(ConnectorConfig):
    """User and password (RFC 7617)."""

    scheme: Literal["basic"]
    user: str = Field(pattern=r"^[^:\x00-\x1f]{1,128}$", description="The user.")
    password: Secret = Field(description="The password.")


class BearerAuth(ConnectorConfig):
    """A token that does not change by itself (RFC 6750)."""

    scheme: Literal["bearer"]
    token: Secret = Field(description="The token.")


class ClientCredentialsAuth(ConnectorConfig):
    """OAuth 2.0 client credentials (RFC 6749, section 4.4)."""

    scheme: Literal["oauth2_client_credentials"]
    token_url: Annotated[str, AfterValidator(http_address)] = Field(description="Where tokens are given.")
    client_id: str = Field(pattern=r"^[\x21-\x39\x3b-\x7e]{1,256}$", description="The client's id.")
    client_secret: Secret = Field(description="The client's secret.")
    scope: str | None = Field(None, max_length=1024, description="The scopes to ask for, with spaces.")
    client_auth: Literal["header", "body"] = Field(
        "header", description="Whether id and secret are sent as basic authentication or in the form."
    )


Auth = Annotated[NoAuth | ApiKeyAuth | BasicAuth | BearerAuth | ClientCredentialsAuth, Field(discriminator="scheme")]
