"""Published vectors, and why a receiver refuses a request."""

import json
from pathlib import Path
from typing import Any

import pytest

from router.api import ConnectorError, Reason, Request
from router.testing.received import records_of
from sources.webhook.receiver import WebhookReceiver

VECTORS: dict[str, dict[str, Any]] = {
    vector["scheme"]: vector
    for vector in json.loads((Path(__file__).parents[3] / "vectors" / "signatures.json").read_text())
}


def refusal(endpoint: WebhookReceiver, received: Request) -> Reason:
    with pytest.raises(ConnectorError) as raised:
        records_of(endpoint, received)
    return raised.value.reason


def headers_of(vector: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """The headers of a vector, as they arrive."""
    return tuple([(name.lower(), value) for name, value in vector["headers"].items()])
