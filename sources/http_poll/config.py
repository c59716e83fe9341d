"""The settings of the HTTP poll: an API, its authentication, and the streams that are read from it."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from router.api import ConnectorConfig, Dataset, http_dataset
from sources.http_poll.address import host_and_port, http_address
from sources.http_poll.auth_config import Auth, ClientCredentialsAuth, NoAuth
from sources.http_poll.cursor_config import Cursor, NoCursor
from sources.http_poll.pagination_config import LinkHeader, OnePage, Pagination, Parameter
from sources.http_poll.selector import Expression

_SECRET = re.compile(r"authorization|cookie|token|secret|password|api-?key|signature")
_HEADER = re.compile(r"[a-z0-9-]{1,64}")
_VALUE = re.compile(r"[\x20-\x7e]{1,1024}")
StreamName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")]


def _static_headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or not _VALUE.fullmatch(value):
            message = "a header's name is in lower case, and its value in printable ASCII"
            raise ValueError(message)
        if _SECRET.search(name):
            message = f"secret_literal: {name} looks like a secret, which belongs into `auth`"
            raise ValueError(message)
    return headers


class StreamConfig(ConnectorConfig):
    """One collection of the API."""

    path: str = Field(pattern=r"^/[\x21-\x7e]{0,1023}$", description="The path after `base_url`, such as `/orders`.")
    method: Literal["GET", "POST"] = Field("GET", description="POST sends the parameters as a JSON body.")
    params: dict[Parameter, str | int] = Field(default_factory=dict, description="Parameters of every request.")
    body: dict[str, Any] = Field(default_factory=dict, description="What else the JSON body of a POST has.")
    records: Expression = Field("@", description="A selector of the array of records in an answer.")
    id: Expression | None = Field(None, description="A selector of a record's id; default: a digest of the record.")
    version: Literal["cursor", "content", "none"] | None = Field(
        None,
        description="What makes a changed record a new event: the cursor's value (default where there is a cursor), "
        "the record's content (default elsewhere), or nothing.",
    )
    type: str | None = Field(None, min_length=1, max_length=128, description="The events' type; default: the stream.")
    subject: Expression | None = Field(None, description="A selector of the subject; default: the id.")
    time: Expression | None = Field(None, description="A selector of the time; default: a cursor of kind time.")
    total: Expression | None = Field(None, description="A selector of how many records there are, for `discover`.")
    cursor: Cursor = NoCursor()
    pagination: Pagination = OnePage()

    @property
    def versioned_by(self) -> Literal["cursor", "content", "none"]:
        """What makes a changed record a new event."""
        return self.version or ("content" if isinstance(self.cursor, NoCursor) else "cursor")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.version == "cursor" and isinstance(self.cursor, NoCursor):
            message = "version: cursor needs a cursor"
            raise ValueError(message)
        if self.body and self.method == "GET":
            message = "body: a GET has none; use `params`, or `method: POST`"
            raise ValueError(message)
        if (self.pagination.size is None) is not (self.pagination.size_param is None):
            message = "pagination: give `size` and `size_param` together, or neither"
            raise ValueError(message)
        if isinstance(self.pagination, LinkHeader) and self.method == "POST":
            message = "pagination: a link cannot be followed with POST"
            raise ValueError(message)
        if getattr(self.pagination, "stop", "empty") == "short" and self.pagination.size is None:
            message = "pagination: `stop: short` needs `size`"
            raise ValueError(message)
        return self


class HttpPollConfig(ConnectorConfig):
    """Which API is read, and how."""

    base_url: Annotated[str, AfterValidator(http_address)] = Field(description="The API's address, http or https.")
    auth: Auth = NoAuth()
    headers: Annotated[dict[str, str], AfterValidator(_static_headers)] = Field(
        default_factory=dict, description="Headers of every request, such as `accept`; no secrets."
    )
    streams: dict[StreamName, StreamConfig] = Field(min_length=1, max_length=200, description="What is read, by name.")
    timeout_seconds: float = Field(30, gt=0, le=600, description="How long a request may take in all.")
    connect_timeout_seconds: float = Field(10, gt=0, le=120, description="How long connecting may take.")
    max_response_bytes: int = Field(
        16_777_216, ge=1024, le=268_435_456, description="The largest answer, after decompression."
    )
    max_wait_seconds: float = Field(
        60, ge=0, le=600, description="How long to wait in a run when the API asks for it; longer waits end the run."
    )


def hosts(config: HttpPollConfig) -> tuple[str, ...]:
    """The `host:port` of the API, and of its tokens."""
    addresses = [host_and_port(config.base_url)]
    if isinstance(config.auth, ClientCredentialsAuth):
        addresses.append(host_and_port(config.auth.token_url))
    return tuple(dict.fromkeys(addresses))


def datasets(config: HttpPollConfig) -> tuple[Dataset, ...]:
    """The collections, as lineage names them."""
    return tuple(http_dataset(config.base_url.rstrip("/") + stream.path) for stream in config.streams.values())
