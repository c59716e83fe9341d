"""With tokens the API is closed: each role does what it may, and refusals are in the audit."""

from collections.abc import AsyncIterator, Callable

import pytest

from router.config.models import AccessRole
from router.dev.stack import Endpoints
from tests.integration.rest_api import RestApi, http_sink, rest_api, token

VIEWER, OPERATOR, ADMIN = (token(role.value, role) for role in AccessRole)


@pytest.fixture
async def api(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[RestApi]:
    async with rest_api(endpoints, unique(), [VIEWER[1], OPERATOR[1], ADMIN[1]]) as running:
        yield running


def _with(made: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {made}"}


async def test_without_a_token_nothing_is_told(api: RestApi) -> None:
    answers = [
        await api.ask(method, path, headers=headers)
        for headers in ({}, _with("guessed"))
        for method, path in [
            ("GET", "/"),
            ("GET", "/health"),
            ("GET", "/connectors"),
            ("DELETE", "/connectors/a"),
            ("GET", "/no/such/path"),
            ("OPTIONS", "/connectors"),
        ]
    ]

    assert {answer.status for answer in answers} == {401}
    assert len({answer.message for answer in answers}) == 1
    assert all(answer.headers["WWW-Authenticate"].startswith("Bearer") for answer in answers)


async def test_each_role_does_what_it_may(api: RestApi) -> None:
    body = {"name": "orders", "config": http_sink()}
    asked = [
        ("GET", "/connectors", None),
        ("POST", "/connectors", body),
        ("PUT", "/connectors/orders/pause", None),
        ("DELETE", "/connectors/orders/offsets", None),
        ("PATCH", "/connectors/orders/config", {"tasks.max": "2"}),
        ("DELETE", "/connectors/orders", None),
    ]

    statuses = {
        made: [(await api.ask(method, path, content, headers=_with(made))).status for method, path, content in asked]
        for made, _ in (ADMIN, VIEWER, OPERATOR)
    }

    assert statuses[ADMIN[0]] == [200, 201, 202, 400, 200, 204]
    assert statuses[VIEWER[0]] == [200, 403, 403, 403, 403, 403]
    # What an operator may is tried, and found to concern nothing that is there.
    assert statuses[OPERATOR[0]] == [200, 403, 404, 404, 403, 403]


async def test_refusals_are_in_the_audit_without_the_token(api: RestApi) -> None:
    await api.ask("DELETE", "/connectors/orders", headers=_with("guessed"))
    await api.ask("DELETE", "/connectors/orders", headers=_with(VIEWER[0]))

    records = (await api.ask("GET", "/v1/audit", headers=_with(VIEWER[0]))).body["records"]

    assert [(record["who"], record["role"], record["action"], record["outcome"]) for record in records] == [
        ("viewer", "viewer", "DELETE /connectors/{name}", "refused"),
        ("unknown", None, "DELETE /connectors/orders", "refused"),
    ]
    assert "guessed" not in str(records)


async def test_a_flood_of_refusals_does_not_fill_the_audit(api: RestApi) -> None:
    for _ in range(100):
        assert (await api.ask("GET", "/", headers=_with("guessed"))).status == 401

    records = (await api.ask("GET", "/v1/audit", headers=_with(ADMIN[0]))).body["records"]

    assert len(records) < 100


async def test_who_changed_what_is_told_by_the_tokens_name(api: RestApi) -> None:
    await api.ask("POST", "/connectors", {"name": "orders", "config": http_sink()}, headers=_with(ADMIN[0]))

    (record,) = (await api.ask("GET", "/v1/audit", headers=_with(VIEWER[0]))).body["records"]

    assert (record["who"], record["role"], record["from"]) == ("admin", "admin", "127.0.0.1")
    assert (await api.connectors.read()).entries["orders"].changed_by == "admin"


async def test_a_web_page_reaches_no_open_api(endpoints: Endpoints, unique: Callable[[], str]) -> None:
    async with rest_api(endpoints, unique()) as api:
        rebound = await api.ask("GET", "/connectors", headers={"Host": "evil.example"})
        foreign = await api.ask("GET", "/connectors", headers={"Origin": "http://evil.example"})

    assert [rebound.status, foreign.status] == [403, 403]
    assert "Access-Control-Allow-Origin" not in foreign.headers
