"""Receivers with any settings, and what becomes of a request, for the tests of the schemes."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from router.api import ConnectorError, Egress, Peer, Reason, Receiver, Record, Reply, Request
from router.testing.received import records_of
from sources.webhook.config import WebhookConfig
from sources.webhook.receiver import WebhookReceiver
from tests.unit.sources.webhook.signing import NOW

SECRET = "correct horse battery staple"
OTHER_SECRET = "another secret, also accepted"
VALUES = {"${env:ONE}": SECRET, "${env:TWO}": OTHER_SECRET, "${env:SHORT}": "abc", "${env:EMPTY}": ""}
ONE, TWO, SHORT, EMPTY = VALUES
Headers = tuple[tuple[str, str], ...]


def opened(verify: Mapping[str, Any], **more: Any) -> WebhookReceiver:
    """A receiver; the secrets `ONE`, `TWO`, `SHORT` and `EMPTY` have values."""
    config = {"path": "/hooks", "verify": verify, **more}
    scoped = frozenset(WebhookConfig.model_validate(config, context={"resolve": VALUES.__getitem__}).verify.hosts())
    context = {"resolve": VALUES.__getitem__, "egress": Egress(hosts=scoped)}
    return WebhookReceiver(WebhookConfig.model_validate(config, context=context))


def sent(
    headers: Headers = (),
    body: bytes = b"{}",
    *,
    at: float = NOW,
    method: str = "POST",
    query: str = "",
    peer: Peer | None = None,
) -> Request:
    """A request to the receiver."""
    return Request(method, "/hooks", headers, body, at, query, peer or Peer("192.0.2.1", "https"))


def only(receiver: WebhookReceiver, request: Request) -> Record:
    """The only record that the request gives."""
    (record,) = records_of(receiver, request)
    return record


def reply(receiver: WebhookReceiver, request: Request) -> Reply:
    """What the receiver answers to a handshake."""
    answer = receiver.receive(request)
    assert isinstance(answer, Reply)
    return answer


def reason(receiver: Receiver, request: Request) -> Reason:
    """Why the request is refused."""
    with pytest.raises(ConnectorError) as raised:
        receiver.receive(request)
    return raised.value.reason


def refuses_settings(verify: Mapping[str, Any], **more: Any) -> bool:
    """Whether the settings are refused when the configuration is read."""
    try:
        opened(verify, **more)
    except ValidationError:
        return True
    return False


def refuses_secret(verify: Mapping[str, Any]) -> bool:
    """Whether a secret is refused at the start, without being shown."""
    try:
        opened(verify)
    except ConnectorError as error:
        return error.reason is Reason.SECRET_UNUSABLE and SECRET not in str(error)
    return False
