"""The configuration of a webhook endpoint."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from router.api import ConnectorConfig
from sources.webhook.attributes import EventAttributes
from sources.webhook.schemes import AnyScheme

_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")


def _path(path: str) -> str:
    if not _PATH.fullmatch(path):
        message = (
            "must be a path such as /hooks/github: letters, digits, dots, dashes and underscores, no trailing slash"
        )
        raise ValueError(message)
    return path


Path = Annotated[str, Field(max_length=200), AfterValidator(_path)]


class WebhookConfig(ConnectorConfig):
    """An endpoint that a sender pushes events to."""

    path: Path = Field(description="Where on the ingress port the endpoint lives.")
    verify: AnyScheme = Field(description="How requests are authenticated.")
    event: EventAttributes = EventAttributes()
