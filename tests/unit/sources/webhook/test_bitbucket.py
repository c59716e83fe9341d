"""Bitbucket: what the deliveries of the cloud and of the data center are called."""

import hmac
from datetime import UTC, datetime

import pytest

from router.api import ConnectorError, Reason, Record
from router.testing.received import records_of
from tests.unit.sources.webhook.signing import PLAIN_SECRET, receiver, request

ENDPOINT = receiver({"scheme": "bitbucket"}, [PLAIN_SECRET])


def received(body: bytes, *headers: tuple[str, str]) -> Record:
    signature = hmac.digest(PLAIN_SECRET.encode(), body, "sha256").hex()
    (record,) = records_of(ENDPOINT, request([*headers, ("x-hub-signature", f"sha256={signature}")], body))
    return record


def test_a_delivery_of_the_cloud_is_named_by_its_request_key_and_repository() -> None:
    body = b'{"repository":{"full_name":"team/repo"}}'
    headers = [("x-request-uuid", "r-1"), ("x-hook-uuid", "h-1"), ("x-event-key", "repo:push")]

    record = received(body, *headers, ("x-attempt-number", "1"))
    again = received(body, *headers, ("x-attempt-number", "2"))

    assert (record.id, record.type, record.subject) == ("r-1", "repo:push", "team/repo")
    assert again.id == record.id


def test_a_delivery_of_the_data_center_is_named_by_its_request_and_repository() -> None:
    body = b'{"date":"2017-09-19T09:45:32+1000","repository":{"slug":"repo","project":{"key":"TEAM"}}}'

    record = received(body, ("x-request-id", "r-1"), ("x-event-key", "repo:refs_changed"))

    assert (record.id, record.type, record.subject) == ("r-1", "repo:refs_changed", "TEAM/repo")
    assert record.time == datetime(2017, 9, 18, 23, 45, 32, tzinfo=UTC)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"repository": {"slug": 1, "project": []}}', b"\xff"])
def test_without_a_repository_there_is_no_subject(body: bytes) -> None:
    assert received(body).subject is None


def test_a_secret_of_seven_characters_is_refused_at_the_start() -> None:
    with pytest.raises(ConnectorError) as raised:
        receiver({"scheme": "bitbucket"}, ["seven77"])

    assert raised.value.reason is Reason.SECRET_UNUSABLE
