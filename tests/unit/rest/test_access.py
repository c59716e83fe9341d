import base64
import hashlib
import json
from http import HTTPStatus

import pytest
from aiohttp.test_utils import make_mocked_request

from router.config.models import AccessRole, ApiToken
from router.rest.access import Access, Caller

VIEWER, OPERATOR, ADMIN = AccessRole.VIEWER, AccessRole.OPERATOR, AccessRole.ADMIN


def _token(name: str, role: AccessRole) -> ApiToken:
    return ApiToken(name=name, role=role, sha256=hashlib.sha256(f"token of {name}".encode()).hexdigest())


CLOSED = Access([_token("ann", ADMIN), _token("olaf", OPERATOR), _token("vera", VIEWER)])
OPEN = Access([])


def _caller(access: Access, **headers: str) -> Caller:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return access.caller(make_mocked_request("GET", "/connectors", headers={"Host": "api.example:8083"} | sent))


@pytest.mark.parametrize(("name", "role"), [("ann", ADMIN), ("olaf", OPERATOR), ("vera", VIEWER)])
def test_a_token_is_known_by_its_hash(name: str, role: AccessRole) -> None:
    caller = _caller(CLOSED, Authorization=f"Bearer token of {name}")

    assert (caller.name, caller.role) == (name, role)


def test_tools_that_know_basic_authentication_only_send_the_token_as_password() -> None:
    header = "Basic " + base64.b64encode(b"anybody:token of ann").decode()

    assert _caller(CLOSED, Authorization=header).name == "ann"
    assert _caller(CLOSED, Authorization=header, Origin="http://evil.example").role is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer token of eve",
        "Basic token of ann",
        "Basic " + base64.b64encode(b"token of ann").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "token of ann",
        f"Bearer {hashlib.sha256(b'token of ann').hexdigest()}",
        "Bearer " + "x" * 100_000,
        "Bearer token of ann, Bearer token of ann",
    ],
)
def test_what_is_no_known_token_is_refused_as_unauthorized(header: str) -> None:
    caller = _caller(CLOSED, Authorization=header)

    refusal = CLOSED.refusal(caller, VIEWER)

    assert caller.role is None
    assert refusal is not None
    assert refusal.status == HTTPStatus.UNAUTHORIZED
    assert refusal.headers["WWW-Authenticate"].startswith("Bearer")
    assert "token of" not in json.dumps(refusal.message)


@pytest.mark.parametrize(
    ("name", "allowed"), [("vera", {VIEWER}), ("olaf", {VIEWER, OPERATOR}), ("ann", {VIEWER, OPERATOR, ADMIN})]
)
def test_a_role_does_what_those_before_it_do_and_no_more(name: str, allowed: set[AccessRole]) -> None:
    caller = _caller(CLOSED, Authorization=f"Bearer token of {name}")

    refusals = {role: CLOSED.refusal(caller, role) for role in AccessRole}

    assert {role for role, refusal in refusals.items() if refusal is None} == allowed
    assert {refusal.status for refusal in refusals.values() if refusal} <= {HTTPStatus.FORBIDDEN}


@pytest.mark.parametrize("host", ["127.0.0.1:8083", "localhost", "LOCALHOST:8083", "[::1]:8083", "127.8.8.8"])
def test_without_tokens_this_machine_is_admin(host: str) -> None:
    assert _caller(OPEN, Host=host).role is ADMIN


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:8083"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "localhost@evil.example"},
        {"Host": ""},
        {"Host": "[::1"},
        {"Host": "localhost", "Origin": "http://localhost:3000"},
        {"Host": "localhost", "Origin": "null"},
        {"Host": "localhost", "Origin": ""},
    ],
)
def test_without_tokens_a_web_page_reaches_nothing(headers: dict[str, str]) -> None:
    caller = _caller(OPEN, **headers)

    refusal = OPEN.refusal(caller, VIEWER)

    assert caller.role is None
    assert refusal is not None
    assert refusal.status == HTTPStatus.FORBIDDEN
