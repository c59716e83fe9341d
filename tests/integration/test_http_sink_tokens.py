"""The HTTP sink shows who it is by OAuth 2.0 tokens and by secret headers, against real servers."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from router.api import ConnectorError, Egress, Reason, Secret
from sinks.http.sink import HttpSink, open_sink
from tests.integration.http_endpoint import Handler, config, failure, receiver
from tests.unit.sinks.examples import batch, event, secret


@dataclass
class Shop:
    """An endpoint that takes one token at a time, and the server that gives them."""

    seconds: float = 3600
    faults: list[Handler] = field(default_factory=list)
    asked: list[tuple[Mapping[str, Any], str | None]] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    refused: int = 0
    valid: str = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if request.path != "/token":
            return await self._take(request)
        self.asked.append((dict(await request.post()), request.headers.get("authorization")))
        if self.faults:
            return await self.faults.pop(0)(request)
        self.valid = f"token-{len(self.asked)}"
        await asyncio.sleep(0.05)
        return web.json_response({"access_token": self.valid, "token_type": "Bearer", "expires_in": self.seconds})

    async def _take(self, request: web.Request) -> web.Response:
        await request.read()
        if request.headers.get("authorization") != f"Bearer {self.valid}":
            self.refused += 1
            return web.Response(status=401)
        self.taken.append(request.headers["ce-id"])
        return web.Response(status=204)


@asynccontextmanager
async def opened(shop: Shop, **auth: Any) -> AsyncIterator[HttpSink]:
    async with receiver(shop.serve) as url:
        credentials = {
            "scheme": "oauth2_client_credentials",
            "token_url": url.replace("/in", "/token"),
            "client_id": "us",
            "client_secret": secret("a secret&more"),
        }
        async with open_sink(config(url, auth=credentials | auth), "s") as sink:
            yield sink


def saying(status: int, body: str = "", **headers: str) -> Handler:
    async def serve(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return serve


async def test_a_token_is_asked_for_once_and_kept() -> None:
    shop = Shop()
    async with opened(shop) as sink:
        await asyncio.gather(*(sink.write(batch([event(number)], number)) for number in range(20)))
        await sink.write(batch([event(20)], 20))

    assert len(shop.taken) == 21
    [(form, header)] = shop.asked
    assert form == {"grant_type": "client_credentials"}
    assert header == "Basic " + base64.b64encode(b"us:a+secret%26more").decode()


async def test_id_and_secret_are_sent_in_the_form_if_the_server_wants_it_so() -> None:
    shop = Shop()
    async with opened(shop, client_auth="body", scope="write all", audience="https://shop") as sink:
        await sink.write(batch([event(1)], 0))

    [(form, header)] = shop.asked
    credentials = {"client_id": "us", "client_secret": "a secret&more"}
    wanted = {"grant_type": "client_credentials", "scope": "write all", "audience": "https://shop"}
    assert (form, header) == (wanted | credentials, None)


async def test_a_token_that_is_withdrawn_is_replaced_within_the_same_write() -> None:
    shop = Shop()
    async with opened(shop) as sink:
        await sink.write(batch([event(1)], 0))
        shop.valid = "withdrawn"
        await asyncio.gather(*(sink.write(batch([event(number)], number)) for number in range(2, 12)))

    assert len(shop.taken) == 11
    assert len(shop.asked) == 2


async def test_a_token_is_renewed_before_it_ends() -> None:
    shop = Shop(seconds=0)
    async with opened(shop) as sink:
        await sink.write(batch([event(1)], 0))
        await sink.write(batch([event(2)], 1))

    assert (len(shop.asked), shop.refused) == (2, 0)


async def test_an_endpoint_that_takes_no_token_is_asked_twice_and_not_for_ever() -> None:
    shop = Shop()

    async def another(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"access_token": "another", "token_type": "bearer"})

    shop.faults = [another, another]
    async with opened(shop) as sink:
        error = await failure(sink)

    assert (error.reason, shop.refused, len(shop.asked)) == (Reason.CREDENTIAL_REFUSED, 2, 2)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (saying(400, '{"error": "invalid_client"}'), Reason.CREDENTIAL_REFUSED),
        (saying(401), Reason.CREDENTIAL_REFUSED),
        (saying(404), Reason.CREDENTIAL_REFUSED),
        (saying(409), Reason.CREDENTIAL_REFUSED),
        (saying(410), Reason.CREDENTIAL_REFUSED),
        (saying(302, Location="/elsewhere"), Reason.TARGET_REDIRECTED),
        (saying(429, Retry_After="7"), Reason.RATE_LIMITED),
        (saying(500), Reason.TARGET_5XX),
        (saying(200, "no JSON"), Reason.CREDENTIAL_REFUSED),
        (saying(200, "[]"), Reason.CREDENTIAL_REFUSED),
        (saying(200, '{"access_token": "a\\r\\nb"}'), Reason.CREDENTIAL_REFUSED),
        (saying(200, '{"access_token": "a", "token_type": "mac"}'), Reason.CREDENTIAL_REFUSED),
        (saying(200, '{"access_token": "a", "expires_in": "soon"}'), Reason.CREDENTIAL_REFUSED),
        (saying(200, '{"access_token": "' + "a" * 100_000 + '"}'), Reason.CREDENTIAL_REFUSED),
    ],
)
async def test_no_event_is_blamed_for_a_token_that_is_not_to_be_had(fault: Handler, reason: Reason) -> None:
    shop = Shop(faults=[fault])
    async with opened(shop) as sink:
        error = await failure(sink)
        assert await sink.write(batch([event(2)], 0)) == 0

    assert error.reason is reason
    assert error.action in ("retry", "pause")
    assert "secret" not in error.message
    assert shop.refused == 0


async def test_the_token_endpoints_retry_after_is_handed_on() -> None:
    async with opened(Shop(faults=[saying(429, Retry_After="7")])) as sink:
        error = await failure(sink)

    assert error.retry_after_seconds == 7


async def test_a_secret_goes_to_no_token_endpoint_at_a_denied_address() -> None:
    shop = Shop()
    async with receiver(shop.serve) as url:
        auth = {
            "scheme": "oauth2_client_credentials",
            "token_url": url.replace("127.0.0.1", "localhost"),
            "client_id": "us",
            "client_secret": secret("hunter2"),
        }
        egress = Egress(hosts=frozenset({url.split("/")[2]}))
        async with open_sink(config(url, egress, auth=auth), "s") as sink:
            error = await failure(sink)

    assert (error.reason, shop.asked, shop.refused) == (Reason.EGRESS_DENIED, [], 0)


async def test_a_secret_header_is_sent_as_it_is_now() -> None:
    received: list[str | None] = []
    values = iter(["Bearer first", "Bearer first", "Bearer second"])
    changing = Secret("${env:TOKEN}", lambda _reference: next(values))

    async def receive(request: web.Request) -> web.Response:
        received.append(request.headers.get("authorization"))
        return web.Response(status=204)

    async with (
        receiver(receive) as url,
        open_sink(config(url, headers={"Authorization": changing, "x-team": "a"}), "s") as sink,
    ):
        await sink.write(batch([event(1)], 0))
        await sink.write(batch([event(2)], 1))

    assert received == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("value", ["", "hunter2\n", "hunter2\r\nx: y", "hünter2"])
async def test_a_secret_that_no_header_may_have_is_found_at_the_start(value: str) -> None:
    with pytest.raises(ConnectorError) as caught:
        async with open_sink(config("http://127.0.0.1:1/", headers={"x-token": secret(value)}), "s"):
            pass

    assert caught.value.reason is Reason.SECRET_UNUSABLE
    assert "nter2" not in str(caught.value)
