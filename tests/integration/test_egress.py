"""No configuration leads a connection to where connectors may not connect to: sockets, names and answers are real."""

import json
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web

from router.api import ConnectorError, Egress, Reason, RefreshedReceiver
from router.api.egress import Resolver
from sinks.http.sink import open_sink
from sources.http_poll import connector as http_poll
from sources.http_poll.config import HttpPollConfig
from sources.webhook import connector as webhook
from sources.webhook.config import WebhookConfig
from tests.integration.http_endpoint import config, failure, no_content, receiver
from tests.unit.sinks.examples import batch, event, secret
from tests.unit.sources.http_poll.api import Api, answer, item, serve_api, status
from tests.unit.sources.http_poll.durable import Durable
from tests.unit.sources.webhook.serving import Origin

HERE = (ip_network("127.0.0.1/32"),)
"""Stands for the public Internet, which a test cannot listen on; 127.0.0.2 stays what it is."""


class Names:
    """Resolves names as told, one answer after the other; the last one stays."""

    def __init__(self, *answers: str | tuple[str, ...]) -> None:
        self._answers = [(one,) if isinstance(one, str) else one for one in answers]
        self.asked: list[str] = []

    async def resolve(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def egress(self) -> Egress:
        return Egress(HERE, resolver=self.resolve)


def named(url: str, name: str) -> str:
    """The URL with a name for its address."""
    return url.replace("127.0.0.1", name)


class Heard:
    """A receiver's handler that keeps whom it was called, and ends each connection."""

    def __init__(self) -> None:
        self.hosts: list[str] = []

    async def take(self, request: web.Request) -> web.Response:
        self.hosts.append(request.headers["host"])
        return web.Response(status=204, headers={"connection": "close"})


async def test_a_sink_is_refused_a_name_that_leads_to_this_machine() -> None:
    heard = Heard()
    async with (
        receiver(heard.take) as url,
        open_sink(config(named(url, "localhost"), Egress()), "s") as sink,
    ):
        error = await failure(sink)

    assert (error.reason, error.action) == (Reason.EGRESS_DENIED, "stop")
    assert "localhost" in error.message
    assert "loopback" in error.message
    assert heard.hosts == []


async def test_a_sink_delivers_to_localhost_if_its_scopes_name_it() -> None:
    async with receiver(no_content) as url, open_sink(config(named(url, "localhost")), "s") as sink:
        assert await sink.write(batch([event(1)], 0)) == 0


async def test_a_sink_connects_to_the_checked_address_and_calls_it_by_its_name() -> None:
    heard, names = Heard(), Names("127.0.0.1")
    async with receiver(heard.take) as url:
        address = named(url, "shop.example")
        async with open_sink(config(address, names.egress()), "s") as sink:
            await sink.write(batch([event(1)], 0))

    assert heard.hosts == [address.split("/")[2]]
    assert names.asked == ["shop.example"]


async def test_a_name_that_changes_after_the_check_leads_nowhere_else() -> None:
    first, second, names = Heard(), Heard(), Names("127.0.0.1", "127.0.0.2")
    async with receiver(first.take) as url:
        port = int(url.rpartition(":")[2].partition("/")[0])
        async with (
            receiver(second.take, host="127.0.0.2", port=port),
            open_sink(config(named(url, "shop.example"), names.egress()), "s") as sink,
        ):
            await sink.write(batch([event(1)], 0))
            asked_for_the_first = len(names.asked)
            error = await failure(sink)

    assert (asked_for_the_first, len(first.hosts)) == (1, 1)
    assert (error.reason, second.hosts) == (Reason.EGRESS_DENIED, [])


async def test_a_name_with_one_denied_address_is_not_connected_to_at_all() -> None:
    heard, names = Heard(), Names(("127.0.0.1", "10.0.0.1"))
    async with (
        receiver(heard.take) as url,
        open_sink(config(named(url, "shop.example"), names.egress()), "s") as sink,
    ):
        error = await failure(sink)

    assert (error.reason, heard.hosts) == (Reason.EGRESS_DENIED, [])


async def test_a_name_whose_first_address_does_not_answer_is_reached_by_the_next() -> None:
    heard = Heard()
    egress = Egress((ip_network("127.0.0.0/30"),), resolver=Names(("127.0.0.3", "127.0.0.1")).resolve)
    async with (
        receiver(heard.take) as url,
        open_sink(config(named(url, "shop.example"), egress), "s") as sink,
    ):
        await sink.write(batch([event(1)], 0))

    assert len(heard.hosts) == 1


async def test_a_sink_does_not_follow_a_redirect_to_a_metadata_service() -> None:
    async def redirect(_request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"location": "http://169.254.169.254/latest/meta-data/"})

    names = Names("127.0.0.1")
    async with (
        receiver(redirect) as url,
        open_sink(config(named(url, "shop.example"), names.egress()), "s") as sink,
    ):
        error = await failure(sink)

    assert (error.reason, names.asked) == (Reason.TARGET_REDIRECTED, ["shop.example"])


def polling(api: Api, name: str, egress: Egress, **settings: Any) -> HttpPollConfig:
    stream = {"path": "/items", "records": "items", "id": "id", "pagination": {"kind": "link_header"}}
    whole = {"base_url": named(api.url, name), "streams": {"items": stream}} | settings
    return HttpPollConfig.model_validate(whole, context={"egress": egress})


async def poll(settings: HttpPollConfig) -> Durable:
    durable = Durable()

    async with http_poll.open(settings, "some") as source:
        await durable.take(source.run)
    return durable


async def poll_failure(settings: HttpPollConfig) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        await poll(settings)
    return caught.value


async def test_a_poll_connects_to_the_checked_address_and_calls_it_by_its_name() -> None:
    names = Names("127.0.0.1")
    async with serve_api(items=[item(1, 1)]) as api:
        durable = await poll(polling(api, "api.example", names.egress()))

    assert len(durable.records) == 1
    assert api.requests[0].headers["host"] == named(api.url, "api.example").removeprefix("http://")
    assert names.asked == ["api.example"]


@pytest.mark.parametrize("name", ["localhost", "0x7f000001", "127.0.0.1", "[::ffff:127.0.0.1]"])
async def test_a_poll_is_refused_an_address_of_this_machine(name: str) -> None:
    async with serve_api() as api:
        error = await poll_failure(polling(api, name, Egress()))

    assert (error.reason, api.requests) == (Reason.EGRESS_DENIED, [])


async def test_a_poll_of_a_name_that_cannot_be_resolved_is_tried_again() -> None:
    async def fail(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    async with serve_api() as api:
        error = await poll_failure(polling(api, "api.example", Egress(resolver=fail)))

    assert (error.reason, error.action) == (Reason.TARGET_UNREACHABLE, "retry")


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/items", "http://127.0.0.2/items", "https://elsewhere.example/items"]
)
async def test_a_poll_follows_neither_link_nor_redirect_to_another_host(target: str) -> None:
    link = {"Link": f'<{target}>; rel="next"'}
    names = Names("127.0.0.1")

    async def linked(_request: web.Request) -> web.StreamResponse:
        return answer({"items": [item(1, 1)]}, **link)

    async with serve_api(faults=[linked, status(302, Location=target)]) as api:
        of_link = await poll_failure(polling(api, "api.example", names.egress()))
        of_redirect = await poll_failure(polling(api, "api.example", names.egress()))

    assert (of_link.reason, of_redirect.reason) == (Reason.SCOPE_EXCEEDED, Reason.TARGET_REDIRECTED)
    assert set(names.asked) == {"api.example"}


async def test_a_clients_secret_is_not_sent_to_a_denied_address() -> None:
    answers = {"api.example": "127.0.0.1", "tokens.example": "127.0.0.2"}

    async def resolve(host: str, _port: int) -> Sequence[str]:
        return [answers[host]]

    resolver: Resolver = resolve
    async with serve_api() as api:
        auth = {
            "scheme": "oauth2_client_credentials",
            "token_url": named(api.url, "tokens.example") + "/token",
            "client_id": "us",
            "client_secret": secret("hidden"),
        }
        error = await poll_failure(polling(api, "api.example", Egress(HERE, resolver=resolver), auth=auth))

    assert (error.reason, api.tokens, api.requests) == (Reason.EGRESS_DENIED, [], [])


def verifying(url: str, egress: Egress) -> RefreshedReceiver:
    verify = {"scheme": "bearer_jwt", "issuer": "i", "audience": "a", "algorithms": ["RS256"], "jwks_url": url}
    made = webhook.open(
        WebhookConfig.model_validate({"path": "/a", "verify": verify}, context={"egress": egress}), "hooks"
    )
    assert isinstance(made, RefreshedReceiver)
    return made


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
async def test_keys_are_not_fetched_from_a_denied_address(host: str) -> None:
    async with Origin().running() as origin:
        with pytest.raises(ConnectorError) as caught:
            await verifying(f"http://{host}:{origin.port}/jwks", Egress()).refresh()

    assert (caught.value.reason, origin.paths) == (Reason.EGRESS_DENIED, [])


async def test_keys_are_fetched_from_localhost_if_the_scopes_name_it() -> None:
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "a"}
    async with Origin().running() as origin:
        origin.body = json.dumps({"keys": [key]}).encode()
        egress = Egress(hosts=frozenset({f"localhost:{origin.port}"}))

        await verifying(f"http://localhost:{origin.port}/jwks", egress).refresh()

    assert origin.paths == ["/jwks"]


async def test_keys_of_a_name_that_leads_into_a_private_network_are_not_fetched() -> None:
    with pytest.raises(ConnectorError) as caught:
        await verifying("https://keys.example/jwks", Names(("8.8.8.8", "10.0.0.1")).egress()).refresh()

    assert caught.value.reason is Reason.EGRESS_DENIED
