from http import HTTPStatus

import pytest
from aiohttp import web

from router.config.models import AccessRole
from router.rest.answers import RestError
from router.rest.requests import Call
from router.rest.routing import Route, Routes


async def _handler(_call: Call) -> web.Response:
    return web.Response()


ROUTES = Routes(
    [
        Route(method, path, AccessRole.VIEWER, _handler)
        for method, path in [
            ("GET", "/"),
            ("GET", "/connectors"),
            ("POST", "/connectors"),
            ("DELETE", "/connectors/{name}"),
            ("PUT", "/connectors/{name}/config"),
        ]
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "expected", "parameters"),
    [
        ("GET", "/", "/", {}),
        ("GET", "/connectors", "/connectors", {}),
        ("GET", "/connectors/", "/connectors", {}),
        ("HEAD", "/connectors", "/connectors", {}),
        ("GET", "/connectors?expand=status", "/connectors", {}),
        ("DELETE", "/connectors/a%2Fb%20c", "/connectors/{name}", {"name": "a/b c"}),
    ],
)
def test_a_path_leads_to_its_route(method: str, path: str, expected: str, parameters: dict[str, str]) -> None:
    match = ROUTES.match(method, path)

    assert match.route.path == expected
    assert match.parameters == parameters


@pytest.mark.parametrize(
    "path", ["/nothing", "/connectors//config/x", "//connectors", "/connectors/a/../b", "/Connectors"]
)
def test_an_unknown_path_is_404(path: str) -> None:
    with pytest.raises(RestError) as raised:
        ROUTES.match("GET", path)

    assert raised.value.status == HTTPStatus.NOT_FOUND


def test_another_method_is_405_and_told_which_there_are() -> None:
    with pytest.raises(RestError) as raised:
        ROUTES.match("PATCH", "/connectors")

    assert raised.value.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert raised.value.headers == {"Allow": "GET, POST"}
