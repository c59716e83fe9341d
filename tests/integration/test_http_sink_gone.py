"""An endpoint that is gone for good gets nothing more, and nothing is lost."""

from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web

from router.api import ConnectorError, Reason
from router.dev.endpoints import Endpoints
from sinks.http.sink import open_sink
from tests.integration.http_endpoint import config, receiver
from tests.integration.pipeline import Lab, crashing, lab, running, until

TOTAL = 50


class Endpoint:
    """Takes some events, and is gone then until it is `back`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.back = False
        self.taken: list[str] = []
        self.refused = 0

    async def take(self, request: web.Request) -> web.Response:
        await request.read()
        if len(self.taken) >= self._most and not self.back:
            self.refused += 1
            return web.Response(status=410)
        self.taken.append(request.headers["ce-id"])
        return web.Response(status=204)


@pytest.fixture
async def made(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Lab]:
    async with lab(endpoints, unique()) as made:
        yield made


async def test_delivery_stops_at_a_410_and_goes_on_from_there(made: Lab) -> None:
    endpoint = Endpoint(most=10)
    await made.publish(range(TOTAL))
    async with receiver(endpoint.take) as url, open_sink(config(url), "s") as sink:
        async with crashing(made.agent(sink, batch=1)) as task:
            with pytest.raises(ConnectorError) as caught:
                await until(lambda: False, task)
        while_gone = len(endpoint.taken)
        endpoint.back = True
        async with running(made.agent(sink, batch=1)) as task:
            await until(lambda: len(set(endpoint.taken)) >= TOTAL, task)

    assert caught.value.reason is Reason.TARGET_GONE
    assert while_gone == 10
    # Each partition finds out by itself, at most.
    assert 1 <= endpoint.refused <= 4
    assert set(endpoint.taken) == {f"e{number}" for number in range(TOTAL)}
    assert made.watch.dead == []
