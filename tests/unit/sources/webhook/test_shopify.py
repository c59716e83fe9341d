"""Shopify: what its webhooks are called."""

import base64
import hmac
from datetime import UTC, datetime

from router.api import Record
from router.testing.received import records_of
from tests.unit.sources.webhook.signing import receiver, request

ENDPOINT = receiver({"scheme": "shopify"}, ["hush"])
HEADERS = {
    "x-shopify-topic": "orders/create",
    "x-shopify-shop-domain": "a.myshopify.com",
    "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
    "x-shopify-event-id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
    "x-shopify-triggered-at": "2026-11-23T10:00:00.123456789Z",
}


def received(body: bytes, **changed: str) -> Record:
    signature = base64.b64encode(hmac.digest(b"hush", body, "sha256")).decode()
    headers = {**HEADERS, **{name.replace("_", "-"): value for name, value in changed.items()}}
    (record,) = records_of(ENDPOINT, request([*headers.items(), ("x-shopify-hmac-sha256", signature)], body))
    return record


def test_a_webhook_is_named_by_its_id_topic_and_resource() -> None:
    record = received(b'{"id":820982911946154508,"admin_graphql_api_id":"gid://shopify/Order/820982911946154508"}')

    assert (record.id, record.type) == ("b54557e4-bdd9-4b37-8a5f-bf7d70bcd043", "orders/create")
    assert record.subject == "gid://shopify/Order/820982911946154508"
    assert record.time == datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)


def test_where_there_is_no_resource_the_shop_is_the_subject() -> None:
    assert received(b"{}").subject == "a.myshopify.com"


def test_two_topics_of_one_action_are_two_events() -> None:
    """They have the same event id."""
    created = received(b"{}")
    paid = received(b"{}", x_shopify_topic="orders/paid", x_shopify_webhook_id="another")

    assert created.id != paid.id
