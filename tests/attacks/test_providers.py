"""What providers publish, or send by their documentation, is accepted as it is, and with nothing of it changed.

Beside each vector stands where it comes from.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from router.api import ConnectorError, ErrorClass, Peer, Request
from router.testing.received import records_of
from sources.webhook.config import WebhookConfig
from sources.webhook.receiver import WebhookReceiver

NOW = 1_795_000_000
VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "providers.json").read_text(encoding="utf-8")
)
each = pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])


def receiver(vector: dict[str, Any], secret: str | None = None) -> WebhookReceiver:
    value = secret or vector.get("secret", "")
    verify = vector["verify"] | ({"secrets": ["${env:S}"]} if value else {})
    verify |= {"verify_token": "${env:TOKEN}"} if verify["scheme"] == "meta" else {}
    config = {"path": "/hooks", "verify": verify}
    values = {"${env:S}": value, "${env:TOKEN}": "a verify token"}
    return WebhookReceiver(WebhookConfig.model_validate(config, context={"resolve": values.__getitem__}))


def request(vector: dict[str, Any], body: bytes | None = None) -> Request:
    parts = urlsplit(vector.get("url", "https://hooks.example.com/hooks"))
    headers = [("host", parts.netloc), *((name.lower(), value) for name, value in vector["headers"].items())]
    content = vector["body"].encode() if body is None else body
    peer = Peer("192.0.2.1", parts.scheme)
    return Request("POST", parts.path, tuple(headers), content, vector.get("at", NOW), parts.query, peer)


def refusal(endpoint: WebhookReceiver, received: Request) -> ErrorClass:
    with pytest.raises(ConnectorError) as raised:
        endpoint.receive(received)
    return raised.value.error_class


@each
def test_it_is_accepted_and_carried_byte_by_byte(vector: dict[str, Any]) -> None:
    (record,) = records_of(receiver(vector), request(vector))

    assert record.data == vector["body"].encode()


@each
def test_with_another_body_it_is_refused(vector: dict[str, Any]) -> None:
    """Except where it proves who sends, and nothing about the body."""
    other = request(vector, vector["body"].encode()[:-1] + b"?")

    if vector["name"] in ("gitlab-token", "mailgun"):
        other = request({**vector, "headers": {}}, b'{"signature": {}}')

    assert refusal(receiver(vector), other) is ErrorClass.AUTH_FAILED


@each
def test_at_an_endpoint_with_another_secret_it_is_refused(vector: dict[str, Any]) -> None:
    others = {"standard_webhooks": "whsec_YW5vdGhlciBrZXkgb2YgdGhpcnR5LXR3byBieXRlcyE="}
    others["svix"] = others["standard_webhooks"]
    others["gitlab"] = (
        others["standard_webhooks"] if "secret" in vector and "whsec" in vector["secret"] else "another one"
    )
    if "secret" not in vector:
        vector = {**vector, "verify": {**vector["verify"], "public_keys": [OTHER_SENDGRID_KEY]}}
        assert refusal(receiver(vector), request(vector)) is ErrorClass.AUTH_FAILED
    else:
        other = others.get(vector["verify"]["scheme"], "another secret")
        assert refusal(receiver(vector, other), request(vector)) is ErrorClass.AUTH_FAILED


@each
def test_the_names_of_headers_may_be_written_in_any_way(vector: dict[str, Any]) -> None:
    """They arrive in lower case, whatever the sender has: no verifier may look for another spelling."""
    assert all(value == value.strip() for value in vector["headers"].values())
    lowered = {**vector, "headers": {name.upper(): value for name, value in vector["headers"].items()}}

    assert len(records_of(receiver(lowered), request(lowered))) == 1


OTHER_SENDGRID_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7GjUuFDb/R1N"
    "Ge1OPzpA=="
)
