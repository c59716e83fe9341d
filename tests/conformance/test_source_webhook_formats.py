"""The webhook source keeps what it declares with each format of a body."""

from collections.abc import Mapping
from typing import Any

import pytest

from router.api import Request
from router.testing.conformance.receiver import ReceiverClaims, Sender
from sources.webhook import connector
from tests.unit.sources.webhook.signing import NOW, STANDARD_SECRET, standard


class FormatSender(Sender):
    """Signs by Standard Webhooks, and sends in a format."""

    def __init__(self, name: str, content_type: str, body: bytes) -> None:
        self.secrets = {"${env:SIGNING_SECRET}": STANDARD_SECRET}
        self._name = name
        self._content_type = content_type
        self._body = body

    @property
    def config(self) -> Mapping[str, Any]:
        verify = {"scheme": "standard_webhooks", "secrets": list(self.secrets)}
        return {"path": "/hooks", "format": self._name, "verify": verify}

    def request(self, number: int) -> Request:
        body = self._body.replace(b"NUMBER", b"%d" % number)
        headers = (*standard(body, message_id=f"msg_{number}"), ("content-type", self._content_type))
        return Request("POST", "/hooks", headers, body, NOW)


EVENT = b'{"specversion": "1.0", "id": "NUMBER", "source": "/shop", "type": "order.paid", "data": {"number": NUMBER}}'


class TestStructuredCloudEvents(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        return FormatSender("cloudevents", "application/cloudevents+json", EVENT)


class TestBatchedCloudEvents(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        body = b"[" + EVENT + b"," + EVENT.replace(b'"NUMBER"', b'"second-NUMBER"') + b"]"
        return FormatSender("cloudevents", "application/cloudevents-batch+json", body)


class BinarySender(FormatSender):
    """Sends the attributes in headers."""

    def request(self, number: int) -> Request:
        request = super().request(number)
        attributes = {"specversion": "1.0", "id": str(number), "source": "/shop", "type": "order.paid"}
        headers = (*request.headers, *[(f"ce-{name}", text) for name, text in attributes.items()])
        return Request("POST", "/hooks", headers, request.body, NOW)


class TestBinaryCloudEvents(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        return BinarySender("cloudevents", "application/json", b'{"number": NUMBER}')


class TestLines(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        return FormatSender("ndjson", "application/x-ndjson", b'{"number": NUMBER}\n{"more": NUMBER}\n')


class TestArrays(ReceiverClaims):
    connector = connector

    @pytest.fixture
    def sender(self) -> Sender:
        return FormatSender("json_array", "application/json", b'[{"number": NUMBER}, {"more": NUMBER}]')
