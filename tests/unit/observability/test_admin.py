"""The admin port says by a metric what it says by `/readyz`, so that an alert can ask for it."""

from collections.abc import Callable

import aiohttp
import pytest

from router.dev.stack import Ports
from router.observability.admin import AdminServer


@pytest.mark.parametrize(("waiting", "ready", "status"), [({}, "1.0", 200), ({"kafka": "no broker"}, "0.0", 503)])
async def test_the_metric_of_readiness_follows_the_probe(
    choose_ports: Callable[[], Ports], waiting: dict[str, str], ready: str, status: int
) -> None:
    port = choose_ports().kafka
    server = AdminServer("127.0.0.1", port, lambda: waiting)
    await server.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            async with session.get("/metrics") as answer:
                metrics = (await answer.text()).splitlines()
            async with session.get("/readyz") as answer:
                probed = answer.status
    finally:
        await server.close()

    assert f"con_ready {ready}" in metrics
    assert probed == status
