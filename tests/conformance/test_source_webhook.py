"""The webhook source keeps what it declares, with each kind of signature."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from router.api import Request
from router.testing.conformance.receiver import ReceiverClaims, Sender
from sources.webhook import connector
from tests.unit.sources.webhook import senders
from tests.unit.sources.webhook.signing import NOW, PLAIN_SECRET, STANDARD_SECRET, changed, github, standard


class StandardSender(Sender):
    """Signs by Standard Webhooks."""

    def __init__(self) -> None:
        self.secrets = {"${env:SIGNING_SECRET}": STANDARD_SECRET}

    @property
    def config(self) -> Mapping[str, Any]:
        return {"path": "/hooks", "verify": {"scheme": "standard_webhooks", "secrets": list(self.secrets)}}

    def request(self, number: int) -> Request:
        body = b'{"type": "order.paid", "number": %d}' % number
        return _request(standard(body, message_id=f"msg_{number}"), body)


class GithubSender(Sender):
    """Signs as GitHub does."""

    def __init__(self) -> None:
        self.secrets = {"${env:SIGNING_SECRET}": PLAIN_SECRET}

    @property
    def config(self) -> Mapping[str, Any]:
        return {"path": "/hooks", "verify": {"scheme": "github", "secrets": list(self.secrets)}}

    def request(self, number: int) -> Request:
        body = b'{"action": "opened", "number": %d}' % number
        return _request(changed(github(body), "x-github-delivery", f"delivery-{number}"), body)


class SchemeSender(Sender):
    """Signs by any scheme, as `router send` does."""

    def __init__(self, signed_by: senders.SignedBy) -> None:
        self._signed_by = signed_by
        self.secrets = {"${env:SIGNING_SECRET}": signed_by.secret}

    @property
    def config(self) -> Mapping[str, Any]:
        return {"path": "/hooks", "verify": {**self._signed_by.verify, "secrets": list(self.secrets)}}

    def request(self, number: int) -> Request:
        body = b'{"id": "evt_%d", "type": "order.paid"}' % number
        return self._signed_by.request(body, event=f"msg_{number}")


def _request(headers: Sequence[tuple[str, str]], body: bytes) -> Request:
    return Request("POST", "/hooks", tuple(headers), body, NOW)


class TestStandardWebhooks(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        return StandardSender()


class TestGithub(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        return GithubSender()


class TestGitlab(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        return SchemeSender(senders.GITLAB)


class TestGitlabToken(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        return SchemeSender(senders.GITLAB_TOKEN)


class TestBitbucket(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        return SchemeSender(senders.BITBUCKET)


class TestShopify(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        return SchemeSender(senders.SHOPIFY)


class TestSlack(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        return SchemeSender(senders.SLACK)


class TestStripe(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        return SchemeSender(senders.STRIPE)


class TestTwilio(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        return SchemeSender(senders.TWILIO)


class TestGenericHmac(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        return SchemeSender(senders.GENERIC)
