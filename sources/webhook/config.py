"""The configuration of a webhook endpoint."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from router.api import ConnectorConfig, Secret
from sources.webhook.generic_hmac import Algorithm, Encoding
from sources.webhook.selection import Selector

_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")


def _path(path: str) -> str:
    if not _PATH.fullmatch(path):
        message = (
            "must be a path such as /hooks/github: letters, digits, dots, dashes and underscores, no trailing slash"
        )
        raise ValueError(message)
    return path


Path = Annotated[str, Field(max_length=200), AfterValidator(_path)]
HeaderName = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
Secrets = Annotated[
    tuple[Secret, ...], Field(min_length=1, max_length=4, description="Accepted secrets; two while rotating.")
]
Tolerance = Annotated[int, Field(ge=1, le=86_400, description="How far the timestamp may be off, in either direction.")]


class _Scheme(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secrets: Secrets


class StandardWebhooksScheme(_Scheme):
    """Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`)."""

    scheme: Literal["standard_webhooks"]
    tolerance_seconds: Tolerance = 300


class GithubScheme(_Scheme):
    """GitHub (`X-Hub-Signature-256`)."""

    scheme: Literal["github"]


class HmacScheme(_Scheme):
    """Any other HMAC in a header."""

    scheme: Literal["hmac"]
    header: HeaderName = Field(description="The header with the signature, in lower case.")
    algorithm: Algorithm = Field("sha256", description="The hash.")
    encoding: Encoding = Field("hex", description="How the signature is written.")
    prefix: str = Field("", max_length=32, description="What stands before it, such as `sha256=`.")
    timestamp_header: HeaderName | None = Field(None, description="A header that is signed before the body.")
    separator: str = Field(".", max_length=8, description="What stands between timestamp and body.")
    tolerance_seconds: Tolerance = 300


class EventAttributes(BaseModel):
    """Where the event's attributes stand; what is left out is as the scheme has it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: Selector | None = Field(
        None, description="The event's id; by default a digest of the body where the scheme has none."
    )
    type: Selector | None = Field(None, description="The event's type; `webhook` where there is none.")
    subject: Selector | None = Field(None, description="What the event is about; the default ordering key.")
    time: Selector | None = Field(None, description="When it happened: ISO 8601 or seconds since the epoch.")


class WebhookConfig(ConnectorConfig):
    """An endpoint that a sender pushes events to."""

    path: Path = Field(description="Where on the ingress port the endpoint lives.")
    verify: Annotated[
        StandardWebhooksScheme | GithubScheme | HmacScheme,
        Field(discriminator="scheme", description="How requests are authenticated."),
    ]
    event: EventAttributes = EventAttributes()
