"""The configuration of a webhook endpoint."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from router.api import ConnectorConfig, Secret
from sources.webhook.generic_hmac import BODY, TIMESTAMP, Algorithm, Encoding
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
    timestamp_header: HeaderName | None = Field(None, description="A header whose seconds are signed with the body.")
    signed: str | None = Field(
        None,
        max_length=64,
        description="What is signed, such as `v0:{timestamp}:{body}`; by default `{timestamp}.{body}` where there is "
        "a timestamp header, else `{body}`.",
    )
    tolerance_seconds: Tolerance = 300

    @property
    def signed_or_default(self) -> str:
        """What is signed, with the default filled in."""
        return self.signed or (BODY if self.timestamp_header is None else f"{TIMESTAMP}.{BODY}")

    @model_validator(mode="after")
    def _signs_the_whole(self) -> Self:
        signed = self.signed_or_default
        if signed.count(BODY) != 1 or signed.count(TIMESTAMP) != (self.timestamp_header is not None):
            message = "`signed` must have `{body}` once, and `{timestamp}` once if there is a `timestamp_header`"
            raise ValueError(message)
        return self


class EventAttributes(BaseModel):
    """Where the event's attributes stand; what is left out is as the scheme has it.

    A body that is not JSON is refused if an attribute is looked for in it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: Selector | None = Field(None, description="The event's id; a digest of the body where there is none.")
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
