"""JSON that nests without end is carried as it is, or refused where it must be looked into: never an error of ours."""

import pytest

from router.api import ConnectorError, Reason, Record
from router.testing.received import records_of
from sources.webhook.receiver import WebhookReceiver
from tests.unit.sources.webhook.signing import PLAIN_SECRET, github, receiver, request

DEPTH = 100_000
BOMBS = [
    b"[" * DEPTH,
    b"[" * DEPTH + b"]" * DEPTH,
    b'{"a":' * DEPTH + b"1" + b"}" * DEPTH,
    b'{"event":{"id":' + b"[" * DEPTH + b"]" * DEPTH + b"}}",
    b'{"event":{"id":1.5},"b":' + b"[" * 1_000 + b"]" * 1_000 + b"}",
    b'{"event":{"id":1.5},"b":' + b"[" * DEPTH + b"]" * DEPTH + b"}",
]

each_bomb = pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))


def endpoint(**event: object) -> WebhookReceiver:
    settings = {"scheme": "hmac", "header": "x-hub-signature-256", "prefix": "sha256="}
    return receiver(settings, [PLAIN_SECRET], event=event)


def taken(endpoint: WebhookReceiver, body: bytes) -> Record | Reason:
    try:
        (record,) = records_of(endpoint, request(github(body), body))
    except ConnectorError as error:
        return error.reason
    return record


@each_bomb
def test_where_the_body_is_not_looked_into_depth_is_carried(bomb: bytes) -> None:
    record = taken(endpoint(), bomb)

    assert isinstance(record, Record)
    assert record.data == bomb


@each_bomb
def test_where_the_id_is_in_the_body_depth_is_refused_or_carried(bomb: bytes) -> None:
    record = taken(endpoint(id={"body": "event.id"}), bomb)

    assert record in (Reason.PAYLOAD_MALFORMED, Reason.ID_MALFORMED) or isinstance(record, Record)
    assert not isinstance(record, Record) or record.data == bomb
