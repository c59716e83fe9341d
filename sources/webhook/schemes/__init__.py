"""The schemes by which senders sign, a module each."""

from typing import Annotated

from pydantic import Field

from sources.webhook.schemes.addresses import AddressesScheme
from sources.webhook.schemes.api_key import ApiKeyScheme
from sources.webhook.schemes.basic import BasicScheme
from sources.webhook.schemes.bearer_jwt import BearerJwtScheme
from sources.webhook.schemes.bitbucket import BitbucketScheme
from sources.webhook.schemes.generic_hmac import HmacScheme
from sources.webhook.schemes.github import GithubScheme
from sources.webhook.schemes.gitlab import GitlabScheme
from sources.webhook.schemes.hubspot import HubspotScheme
from sources.webhook.schemes.mailgun import MailgunScheme
from sources.webhook.schemes.meta import MetaScheme
from sources.webhook.schemes.microsoft_graph import MicrosoftGraphScheme
from sources.webhook.schemes.mtls import MtlsScheme
from sources.webhook.schemes.paypal import PaypalScheme
from sources.webhook.schemes.sendgrid import SendgridScheme
from sources.webhook.schemes.shopify import ShopifyScheme
from sources.webhook.schemes.slack import SlackScheme
from sources.webhook.schemes.standard_webhooks import StandardWebhooksScheme
from sources.webhook.schemes.stripe import StripeScheme
from sources.webhook.schemes.svix import SvixScheme
from sources.webhook.schemes.twilio import TwilioScheme

AnyScheme = Annotated[
    AddressesScheme
    | ApiKeyScheme
    | BasicScheme
    | BearerJwtScheme
    | BitbucketScheme
    | GithubScheme
    | GitlabScheme
    | HmacScheme
    | HubspotScheme
    | MailgunScheme
    | MetaScheme
    | MicrosoftGraphScheme
    | MtlsScheme
    | PaypalScheme
    | SendgridScheme
    | ShopifyScheme
    | SlackScheme
    | StandardWebhooksScheme
    | StripeScheme
    | SvixScheme
    | TwilioScheme,
    Field(discriminator="scheme"),
]
