"""The HTTP poll keeps what it declares, against a real API."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Self

import pytest

from router.testing.conformance.source import SourceClaims, SourceOrigin
from sources.http_poll import connector
from tests.unit.sources.http_poll.api import Api, item, serve_api

_CLOSED = "http://127.0.0.1:1"


class Items(SourceOrigin):
    """An API of pages, which wants a token. Each run reads the newest record again, since others may share its time."""

    rereads = True

    def __init__(self, pagination: Mapping[str, Any]) -> None:
        self._pagination = pagination
        self._stack = AsyncExitStack()
        self._api = Api()
        self.secrets = {"${env:CLIENT_SECRET}": "s3cret-of-the-client"}

    async def __aenter__(self) -> Self:
        self._api = await self._stack.enter_async_context(serve_api())
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._stack.aclose()

    @property
    def config(self) -> Mapping[str, Any]:
        cursor = {"kind": "time", "selector": "updated", "param": "since", "lookback_seconds": 0, "ordered": True}
        stream = {"path": "/items", "records": "items", "id": "id", "cursor": cursor, "pagination": self._pagination}
        auth = {
            "scheme": "oauth2_client_credentials",
            "token_url": f"{self._api.url}/token",
            "client_id": "suite",
            "client_secret": "${env:CLIENT_SECRET}",
        }
        return {"base_url": self._api.url, "auth": auth, "streams": {"items": stream}, "max_wait_seconds": 0}

    @property
    def away(self) -> Mapping[str, Any]:
        return {**self.config, "base_url": _CLOSED}

    async def add(self, count: int) -> None:
        first = len(self._api.items)
        self._api.items += [item(number, number) for number in range(first, first + count)]

    async def state(self) -> object:
        return list(self._api.items), [request.method for request in self._api.requests if request.method != "GET"]


class TestPages(SourceClaims):
    connector = connector

    @pytest.fixture
    def origin(self) -> SourceOrigin:
        return Items({"kind": "page", "size_param": "size", "size": 2})


class TestTokens(SourceClaims):
    connector = connector

    @pytest.fixture
    def origin(self) -> SourceOrigin:
        return Items({"kind": "cursor", "param": "token", "next": "next", "size_param": "size", "size": 2})
