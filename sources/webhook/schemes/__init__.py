"""The schemes by which senders sign, a module each."""

from typing import Annotated

from pydantic import Field

from sources.webhook.schemes.generic_hmac import HmacScheme
from sources.webhook.schemes.github import GithubScheme
from sources.webhook.schemes.standard_webhooks import StandardWebhooksScheme

AnyScheme = Annotated[StandardWebhooksScheme | GithubScheme | HmacScheme, Field(discriminator="scheme")]
