"""What the ingress port answers to batches, to content types, and with a response of one's own."""

import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
import pytest

from router.api import ConnectorError, Reason, Record
from router.config.models import IngressSettings
from router.ingress.server import Endpoint, IngressServer
from sources.webhook import connector
from sources.webhook.config import WebhookConfig
from tests.integration.ingress_port import Observer, Sender
from tests.unit.sources.webhook.signing import PLAIN_SECRET, github

BATCH = "application/cloudevents-batch+json"
EVENT = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": {"n": 1}}


class Hooks:
    """An endpoint at a port, and what it has published."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.published: list[Record] = []
        self.sender = Sender()

    async def publish(self, records: Sequence[Record], _parent: str) -> None:
        if self.sender.publish_error is not None:
            raise self.sender.publish_error
        self.published += records

    async def post(self, body: bytes, content_type: str) -> tuple[int, str, bytes]:
        """The status, content type and body of the answer."""
        headers = dict(github(body)) | {"content-type": content_type}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url, data=body, headers=headers) as response,
        ):
            return response.status, response.headers.get("content-type", ""), await response.read()


Open = Callable[..., AbstractAsyncContextManager[Hooks]]


@pytest.fixture
def hooks() -> Open:
    @asynccontextmanager
    async def opened(**more: object) -> AsyncIterator[Hooks]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            number = free.getsockname()[1]
        verify = {"scheme": "hmac", "header": "x-hub-signature-256", "prefix": "sha256=", "secrets": ["${env:S}"]}
        context = {"resolve": lambda _reference: PLAIN_SECRET}
        config = WebhookConfig.model_validate({"path": "/hooks", "verify": verify, **more}, context=context)
        made = Hooks(f"http://127.0.0.1:{number}/hooks")
        receiver = connector.open(config, "hooks")
        endpoint = Endpoint("hooks", connector.path(config), receiver, made.publish, connector.success(config))
        server = IngressServer(IngressSettings(port=number), [endpoint], Observer(made.sender))
        await server.start()
        try:
            yield made
        finally:
            await server.stop()

    return opened


def reason(body: bytes) -> str:
    return str(json.loads(body)["error"]["reason"])


async def test_a_batch_is_answered_with_the_outcome_of_each_item(hooks: Open) -> None:
    async with hooks(format="cloudevents", response={"status": 200, "body": "ok"}) as opened:
        status, _, body = await opened.post(json.dumps([EVENT, {"id": "2"}, EVENT | {"id": "3"}]).encode(), BATCH)

    answer = json.loads(body)
    assert (status, answer["accepted"]) == (207, 2)
    assert [item["status"] for item in answer["items"]] == [202, 400, 202]
    assert answer["items"][1]["error"]["reason"] == Reason.PAYLOAD_MALFORMED
    assert [record.id for record in opened.published] == ["1", "3"]
    assert opened.sender.refused == [("hooks", Reason.PAYLOAD_MALFORMED)]


async def test_a_batch_of_which_nothing_is_accepted_is_answered_207(hooks: Open) -> None:
    async with hooks(format="ndjson") as opened:
        status, _, body = await opened.post(b"x\ny", "application/x-ndjson")

    assert (status, json.loads(body)["accepted"], opened.published) == (207, 0, [])


async def test_a_batch_that_is_not_durable_is_not_accepted(hooks: Open) -> None:
    async with hooks(format="json_array") as opened:
        opened.sender.publish_error = ConnectorError(Reason.BROKER_UNAVAILABLE, "away")
        status, _, _ = await opened.post(b"[1]", "application/json")

    assert status == 503


async def test_an_empty_batch_is_accepted(hooks: Open) -> None:
    async with hooks(format="cloudevents") as opened:
        status, _, body = await opened.post(b"[]", BATCH)

    assert (status, json.loads(body)["accepted"], opened.published) == (202, 0, [])


async def test_all_or_nothing_publishes_all_or_nothing(hooks: Open) -> None:
    async with hooks(format="json_array", event={"id": {"body": "id"}}, batch={"all_or_nothing": True}) as opened:
        refused = await opened.post(b"[1,1e400]", "application/json")
        published = len(opened.published)
        accepted = await opened.post(b"[1,2]", "application/json")

    assert (refused[0], published) == (400, 0)
    assert "Item 1: " in json.loads(refused[2])["error"]["message"]
    assert (accepted[0], json.loads(accepted[2])["accepted"]) == (202, 2)


async def test_too_many_items_are_answered_413_with_a_reason(hooks: Open) -> None:
    async with hooks(format="ndjson") as opened:
        status, _, body = await opened.post(b"1\n" * 1_001, "application/x-ndjson")

    assert (status, reason(body), opened.published) == (413, "TOO_MANY_ITEMS", [])


@pytest.mark.parametrize(
    "kind", ["application/cloudevents+avro", "application/cloudevents+json; charset=utf-16", "a/b"]
)
async def test_a_wrong_content_type_is_answered_415_with_a_reason(hooks: Open, kind: str) -> None:
    async with hooks(format="cloudevents") as opened:
        status, _, body = await opened.post(json.dumps(EVENT).encode(), kind)

    assert (status, reason(body), opened.published) == (415, "CONTENT_TYPE_UNSUPPORTED", [])


async def test_only_the_listed_content_types_are_taken(hooks: Open) -> None:
    async with hooks(content_types=["application/json"]) as opened:
        refused = await opened.post(b"{}", "text/plain")
        accepted = await opened.post(b"{}", "application/json")

    assert (refused[0], reason(refused[2]), accepted[0]) == (415, "CONTENT_TYPE_UNSUPPORTED", 202)


async def test_the_endpoint_answers_what_its_sender_expects(hooks: Open) -> None:
    async with hooks(response={"status": 200, "body": "<ok/>", "content_type": "application/xml"}) as opened:
        answer = await opened.post(b"{}", "application/json")
    async with hooks(response={"status": 204}) as opened:
        empty = await opened.post(b"{}", "application/json")

    assert answer == (200, "application/xml", b"<ok/>")
    assert (empty[0], empty[2]) == (204, b"")


async def test_a_refusal_is_not_answered_with_success(hooks: Open) -> None:
    async with hooks(format="json_array", response={"status": 200, "body": "ok"}) as opened:
        status, _, _ = await opened.post(b"[" * 100_000, "application/json")

    assert (status, opened.sender.failures) == (400, [])
