from typing import Any

import pytest
from pydantic import ValidationError

from sources.http_poll.config import HttpPollConfig, hosts


def config(stream: dict[str, Any] | None = None, **changes: Any) -> HttpPollConfig:
    whole = {"base_url": "https://api.example.com/v1", "streams": {"orders": {"path": "/orders"} | (stream or {})}}
    return HttpPollConfig.model_validate(whole | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "https://me:hunter2@api.example.com"},
        {"base_url": "ftp://api.example.com"},
        {"base_url": "https://api.example.com/?key=hunter2"},
        {"headers": {"authorization": "hunter2"}},
        {"headers": {"x": "a\r\nb: c"}},
        {"auth": {"scheme": "bearer", "token": "hunter2"}},
        {"auth": {"scheme": "unknown"}},
        {"stream": {"records": "items["}},
        {"stream": {"version": "cursor"}},
        {"stream": {"body": {"a": 1}}},
        {"stream": {"pagination": {"kind": "page", "size": 10}}},
        {"stream": {"pagination": {"kind": "page", "stop": "short"}}},
        {"stream": {"pagination": {"kind": "link_header"}, "method": "POST"}},
        {"streams": {}},
    ],
)
def test_what_cannot_work_or_is_a_secret_is_refused_without_showing_it(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        config(**changes)

    assert "hunter2" not in str(caught.value)


def test_hosts_are_those_of_the_api_and_of_its_tokens() -> None:
    auth = {
        "scheme": "oauth2_client_credentials",
        "token_url": "http://[::1]:8080/token",
        "client_id": "me",
        "client_secret": "${env:SECRET}",
    }

    assert hosts(config(auth=auth)) == ("api.example.com:443", "[::1]:8080")
    assert hosts(config()) == ("api.example.com:443",)
