"""The configuration of a webhook endpoint."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from router.api import ConnectorConfig
from sources.webhook.abuse_protection import AbuseProtection
from sources.webhook.addresses import Addresses
from sources.webhook.attributes import EventAttributes
from sources.webhook.formats import FormatName
from sources.webhook.formats.batch import BatchSettings
from sources.webhook.response import ResponseSettings
from sources.webhook.schemes import AnyScheme
from sources.webhook.schemes.addresses import AddressesScheme

_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")
_LISTS = (FormatName.NDJSON, FormatName.JSON_ARRAY)


def _path(path: str) -> str:
    if not _PATH.fullmatch(path):
        message = (
            "must be a path such as /hooks/github: letters, digits, dots, dashes and underscores, no trailing slash"
        )
        raise ValueError(message)
    return path


def _media_type(text: str) -> str:
    if not _MEDIA_TYPE.fullmatch(text):
        message = "must be a media type without parameters, such as application/json"
        raise ValueError(message)
    return text.lower()


MediaType = Annotated[str, Field(max_length=100), AfterValidator(_media_type)]
Path = Annotated[str, Field(max_length=200), AfterValidator(_path)]


class WebhookConfig(ConnectorConfig):
    """An endpoint that a sender pushes events to."""

    path: Path = Field(description="Where on the ingress port the endpoint lives.")
    verify: AnyScheme = Field(description="How requests are authenticated.")
    event: EventAttributes = EventAttributes()
    format: FormatName = Field(FormatName.WEBHOOK, description="What a verified request's body is taken for.")
    batch: BatchSettings = BatchSettings()
    content_types: tuple[MediaType, ...] = Field(
        (), max_length=20, description="The content types that are taken; all if it is empty."
    )
    response: ResponseSettings | None = Field(None, description="What is answered instead of 202 to accepted events.")

    addresses: Addresses = Field(
        (), description="Addresses and networks that senders may have, whatever the scheme; all if it is empty."
    )
    abuse_protection: AbuseProtection | None = Field(
        None, description="Whom to tell, when it asks with OPTIONS, that it may send (CloudEvents)."
    )

    @model_validator(mode="after")
    def _verified_somehow(self) -> Self:
        if isinstance(self.verify, AddressesScheme) and not self.addresses:
            message = "with the scheme `addresses`, the list `addresses` must not be empty"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _ids_of_items(self) -> Self:
        ids = (self.event.id, self.event.idempotency_key)
        if self.format in _LISTS and any(one is not None and (one.header or one.form) for one in ids):
            message = "with this format `event.id` and `event.idempotency_key` must stand in the item, not in a header"
            raise ValueError(message)
        if self.format is FormatName.CLOUDEVENTS and self.event != EventAttributes():
            message = "a CloudEvent says itself what it is: leave `event` out"
            raise ValueError(message)
        return self
