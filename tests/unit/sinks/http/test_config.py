"""What a configuration of the HTTP sink may say."""

from typing import Any

import pytest
from pydantic import ValidationError

from router.api import Secret
from sinks.http import connector
from sinks.http.config import HttpConfig
from tests.unit.sinks.examples import SIGNING_SECRET, secret


def config(**changes: Any) -> HttpConfig:
    settings = {"url": "https://example.com/in", "signing_secret": secret(SIGNING_SECRET)}
    return HttpConfig.model_validate(settings | changes)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://example.com/in?a=b", "example.com:443"),
        ("http://example.com", "example.com:80"),
        ("http://127.0.0.1:9000/in", "127.0.0.1:9000"),
        ("http://[::1]:9000/", "[::1]:9000"),
    ],
)
def test_the_only_address_is_the_endpoints(url: str, address: str) -> None:
    assert connector.hosts(config(url=url)) == (address,)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "example.com/in",
        "https://",
        "https://user:hunter2@example.com/",
        "https://user@example.com/",
        "http://example.com:hunter2/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://example.com/a b",
        "http://example.com/\r\nx: y",
        "http://example.com/#hunter2",
        "http://exämple.com/",
    ],
)
def test_another_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        config(url=url)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer hunter2"},
        {"X-Api-Key": "hunter2"},
        {"Cookie": "session=hunter2"},
        {"x-auth-token": "hunter2"},
        {"Host": "other.example"},
        {"Content-Length": "1"},
        {"Content-Type": "text/plain"},
        {"Webhook-Id": "x"},
        {"CE-Id": "x"},
        {"transfer-encoding": "chunked"},
        {"x": "a\r\ny: b"},
        {"x y": "a"},
        {"": "a"},
        {"x": ""},
        {"X-A": "1", "x-a": "2"},
    ],
)
def test_secrets_framing_and_injection_are_no_headers(headers: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        config(headers=headers)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["Authorization", "x-api-key", "cookie", "x-team"])
def test_a_reference_may_stand_for_any_headers_value(name: str) -> None:
    given = config(headers={name: "${env:TOKEN}", "x-b": "plain"})

    value = given.headers[name.lower()]
    assert isinstance(value, Secret)
    assert value.reference == "${env:TOKEN}"
    assert given.headers["x-b"] == "plain"


@pytest.mark.parametrize("name", ["webhook-signature", "host", "content-length", "proxy-authorization"])
def test_our_own_headers_are_not_to_be_had_by_a_reference_either(name: str) -> None:
    with pytest.raises(ValidationError):
        config(headers={name: "${env:TOKEN}"})


def test_a_part_of_a_value_is_no_reference() -> None:
    with pytest.raises(ValidationError) as caught:
        config(headers={"authorization": "Bearer hunter2 ${env:TOKEN}"})

    assert "hunter2" not in str(caught.value)


AUTH = {
    "scheme": "oauth2_client_credentials",
    "token_url": "https://login.example/token",
    "client_id": "us",
    "client_secret": "${env:CLIENT}",
}
TLS = {"certificate": "/a.pem", "key": "${env:KEY}"}


def test_the_tokens_host_is_one_that_the_scopes_must_have() -> None:
    assert connector.hosts(config(auth=AUTH)) == ("example.com:443", "login.example:443")


@pytest.mark.parametrize(
    "changes",
    [
        {"auth": AUTH, "headers": {"Authorization": "${env:TOKEN}"}},
        {"auth": AUTH | {"token_url": "ftp://login.example/"}},
        {"auth": AUTH | {"client_secret": "hunter2"}},
        {"auth": AUTH | {"client_id": "a:b"}},
        {"auth": AUTH | {"scope": "a\r\nb"}},
        {"auth": AUTH | {"token_url": "http://login.example/", "tls": TLS}},
        {"auth": AUTH | {"scheme": "magic"}},
        {"tls": TLS, "url": "http://example.com/"},
        {"tls": {"certificate": "/a.pem"}},
        {"tls": {"key": "${env:KEY}"}},
        {"tls": TLS | {"key": "-----BEGIN PRIVATE KEY----- hunter2"}},
        {"tls": TLS | {"certificate": "a.pem"}},
        {"tls": {"verify": False}},
    ],
)
def test_settings_that_do_not_fit_together_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        config(**changes)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("changes", [{"max_in_flight": 0}, {"max_in_flight": 513}, {"timeout_seconds": 0}])
def test_bounds_are_kept(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**changes)


def test_a_partition_has_as_many_writes_under_way_as_are_configured() -> None:
    assert connector.max_in_flight(config(max_in_flight=7)) == 7
