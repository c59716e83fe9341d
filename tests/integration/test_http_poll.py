"""The HTTP poll against a real server, with the faults that APIs have."""

import json
import socket
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from router.api import ConnectorError, Egress, Emit, Position, Reason, Window
from sources.http_poll import connector
from sources.http_poll.config import HttpPollConfig
from tests.unit.sinks.examples import secret
from tests.unit.sources.http_poll.api import Api, drop, item, never, serve_api, status, text
from tests.unit.sources.http_poll.durable import Durable, Run, crash_everywhere

BY_TIME = {"kind": "time", "selector": "updated", "param": "since", "lookback_seconds": 0}
PAGES: dict[str, dict[str, Any]] = {
    "page": {"kind": "page", "size_param": "size", "size": 2},
    "offset": {"kind": "offset", "size_param": "size", "size": 2},
    "cursor": {"kind": "cursor", "param": "token", "next": "next", "size_param": "size", "size": 2},
    "link_header": {"kind": "link_header", "size_param": "size", "size": 2},
}


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serve_api() as served:
        yield served


def of(api: Api, changes: Mapping[str, Any] | None = None, **settings: Any) -> HttpPollConfig:
    stream = {"path": "/items", "records": "items", "id": "id", "total": "total", "cursor": BY_TIME}
    whole = {"base_url": api.url, "streams": {"items": stream | dict(changes or {})}, "max_wait_seconds": 3}
    scoped = frozenset(connector.hosts(HttpPollConfig.model_validate(whole | settings)))
    return HttpPollConfig.model_validate(whole | settings, context={"egress": Egress(hosts=scoped)})


def once(config: HttpPollConfig, window: Window | None = None) -> Run:
    """A run, or a backfill, in a session of its own."""

    async def run(emit: Emit, checkpoints: Mapping[str, Position]) -> None:
        async with connector.open(config, "some") as source:
            if window is None:
                await source.run(emit, checkpoints)
            else:
                await source.backfill(emit, checkpoints, window)  # type: ignore[attr-defined]

    return run


async def failure(config: HttpPollConfig) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        await Durable().take(once(config))
    return caught.value


def numbers(durable: Durable) -> list[int]:
    return [json.loads(record.data)["id"] for record in durable.records if isinstance(record.data, bytes)]


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("pagination", PAGES)
async def test_a_crash_at_any_emit_loses_nothing_and_ids_repeat(api: Api, pagination: str, ordered: bool) -> None:
    """Where no order is promised, the newest comes first."""
    ascending = [item(number, number // 2) for number in range(7)]
    api.items = ascending if ordered else ascending[::-1]
    config = of(api, {"pagination": PAGES[pagination], "cursor": BY_TIME | {"ordered": ordered}})

    whole, *crashed = await crash_everywhere(lambda: once(config))

    assert sorted(numbers(whole)) == list(range(7)), "pages that are read again are not published again"
    assert len(crashed) >= 8
    for durable in crashed:
        assert set(durable.ids) == set(whole.ids)
        assert durable.checkpoints == whole.checkpoints == {"items": {"cursor": "2026-01-01T10:00:03Z"}}


async def test_only_new_records_are_asked_for_and_a_changed_one_is_a_new_event(api: Api) -> None:
    api.items = [item(1, 1), item(2, 2)]
    config, durable = of(api), Durable()
    await durable.take(once(config))
    api.items = [item(2, 2), item(1, 3)]

    await durable.take(once(config))

    assert api.requests[-1].query["since"] == "2026-01-01T10:00:02Z"
    assert list(dict.fromkeys(durable.ids)) == [
        "items/1@2026-01-01T10:00:01Z",
        "items/2@2026-01-01T10:00:02Z",
        "items/1@2026-01-01T10:00:03Z",
    ]
    assert {record.subject for record in durable.records} == {"1", "2"}
    assert durable.records[0].time == datetime(2026, 1, 1, 10, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("pagination", ["page", "offset", "link_header"])
async def test_a_record_that_moves_to_a_page_already_read_is_found(api: Api, pagination: str) -> None:
    """Record 0 is changed while the pages are read, so that every other one moves up by one place."""
    api.items = [item(number, number) for number in range(6)]
    requests = 0

    def change(_page: int) -> None:
        nonlocal requests
        requests += 1
        if requests == 2:
            api.items = [*api.items[1:], item(0, 100)]

    api.before_page = change
    durable = Durable()

    await durable.take(once(of(api, {"pagination": PAGES[pagination]})))

    assert set(numbers(durable)) == set(range(6))
    assert "items/0@2026-01-01T10:01:40Z" in durable.ids
    assert durable.checkpoints["items"] == {"cursor": "2026-01-01T10:01:40Z"}


async def test_pages_that_never_come_to_rest_do_not_move_the_cursor(api: Api) -> None:
    """Each pass finds a record that is older than the newest, and was not there before."""
    api.items = [item(number, 500 + number) for number in range(4)]

    def insert(page: int) -> None:
        if page == 1:
            api.items.append(item(len(api.items), 10))

    api.before_page = insert
    durable = Durable()

    with pytest.raises(ConnectorError) as caught:
        await durable.take(once(of(api, {"pagination": PAGES["page"]})))

    assert caught.value.reason is Reason.TARGET_BUSY
    assert set(numbers(durable)) == {json_item["id"] for json_item in api.items}
    assert durable.checkpoints["items"] == {"cursor": None}


async def test_a_page_token_that_has_expired_begins_the_run_again(api: Api) -> None:
    api.items = [item(number, number) for number in range(4)]
    durable = Durable()
    durable.fail_at, durable.keeps = 1, True
    config = of(api, {"pagination": PAGES["cursor"]})
    with pytest.raises(ConnectorError):
        await durable.take(once(config))
    api.faults = [status(410)]

    await durable.take(once(config))

    assert numbers(durable) == [0, 1, 0, 1, 2, 3]
    assert len(set(durable.ids)) == 4


async def test_numbers_keep_their_digits(api: Api) -> None:
    written = '{"id":1,"updated":"2026-01-01T10:00:00Z","a":1.10,"b":12345678901234567890.123,"c":-0,"d":1E400,"e":"ü"}'
    api.faults = [text(f'{{"items": [{written}]}}')]
    durable = Durable()

    await durable.take(once(of(api)))

    assert durable.records[0].data == written.encode()
    assert durable.records[0].datacontenttype == "application/json"


async def test_without_an_id_a_record_is_known_by_its_content(api: Api) -> None:
    api.items = [item(1, 1)]
    durable = Durable()
    config = of(api, {"id": None, "cursor": {"kind": "none"}})

    await durable.take(once(config))
    await durable.take(once(config))

    assert len(durable.ids) == 2
    assert len(set(durable.ids)) == 1


async def test_a_stream_with_an_id_and_no_cursor_gives_changed_content_a_new_id(api: Api) -> None:
    durable, config = Durable(), of(api, {"cursor": {"kind": "none"}})
    api.items = [item(1, 1, state="new")]
    await durable.take(once(config))
    api.items = [item(1, 1, state="paid")]

    await durable.take(once(config))

    assert len(set(durable.ids)) == 2
    assert all(each.startswith("items/1@") for each in durable.ids)


@pytest.mark.parametrize("code", [429, 503])
async def test_a_short_retry_after_is_waited_for_within_the_run(api: Api, code: int) -> None:
    api.items = [item(1, 1)]
    api.faults = [status(code, retry_after="1")]
    durable, started = Durable(), datetime.now(UTC)

    await durable.take(once(of(api)))

    assert numbers(durable) == [1]
    assert datetime.now(UTC) - started >= timedelta(seconds=1)


async def test_a_long_retry_after_is_left_to_the_runtime(api: Api) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    api.faults = [status(429, retry_after=later)]

    error = await failure(of(api))

    assert error.reason is Reason.RATE_LIMITED
    assert error.retry_after_seconds == pytest.approx(100, abs=5)


@pytest.mark.parametrize(
    "headers",
    [
        {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "900"},
        {"ratelimit": '"default";r=0;t=900'},
        {"ratelimit": "limit=10, remaining=0, reset=900"},
        {"ratelimit_remaining": "0", "ratelimit_reset": "900"},
    ],
)
async def test_no_request_is_sent_when_none_is_left(api: Api, headers: dict[str, str]) -> None:
    first = json.dumps({"items": [item(1, 1)], "next": "1"})
    api.faults = [text(first, **headers)]
    durable = Durable()

    with pytest.raises(ConnectorError) as caught:
        await durable.take(once(of(api, {"pagination": PAGES["cursor"]})))

    assert caught.value.reason is Reason.RATE_LIMITED
    assert caught.value.retry_after_seconds == pytest.approx(900, abs=5)
    assert len(api.requests) == 1
    assert numbers(durable) == [1], "what was read is published before the wait"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (400, Reason.CONFIG_INVALID),
        (401, Reason.CREDENTIAL_REFUSED),
        (403, Reason.PERMISSION_DENIED),
        (404, Reason.TARGET_MISSING),
        (408, Reason.TARGET_TIMEOUT),
        (410, Reason.TARGET_MISSING),
        (429, Reason.RATE_LIMITED),
        (500, Reason.TARGET_5XX),
        (502, Reason.TARGET_5XX),
    ],
)
async def test_every_status_has_a_reason(api: Api, code: int, reason: Reason) -> None:
    api.faults = [status(code)]

    assert (await failure(of(api))).reason is reason


async def test_a_connection_that_breaks_or_does_not_answer_has_a_reason(api: Api) -> None:
    api.faults = [drop]
    dropped = await failure(of(api))
    api.faults = [never]
    slow = await failure(of(api, timeout_seconds=0.2))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        refused = await failure(of(api, base_url=f"http://127.0.0.1:{taken.getsockname()[1]}"))
    unresolved = await failure(of(api, base_url="http://there-is-none.invalid"))
    no_tls = await failure(of(api, base_url=api.url.replace("http:", "https:")))

    assert slow.reason is Reason.TARGET_TIMEOUT
    assert [e.reason for e in (dropped, refused, unresolved, no_tls)] == [Reason.TARGET_UNREACHABLE] * 4


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<html>", Reason.PAYLOAD_MALFORMED),
        ("NaN", Reason.PAYLOAD_MALFORMED),
        ("[" * 100_000, Reason.PAYLOAD_MALFORMED),
        ('{"items": {}}', Reason.PAYLOAD_MALFORMED),
        ("{}", Reason.PAYLOAD_MALFORMED),
        ('{"items": [{"updated": "2026-01-01"}]}', Reason.PAYLOAD_MALFORMED),
        ('{"items": [{"id": 1}]}', Reason.PAYLOAD_MALFORMED),
        ('{"items": [{"id": 1, "updated": "soon"}]}', Reason.PAYLOAD_MALFORMED),
        ('"' + "x" * 5000 + '"', Reason.PAYLOAD_TOO_LARGE),
    ],
)
async def test_an_answer_that_is_not_as_configured_is_refused(api: Api, body: str, reason: Reason) -> None:
    api.faults = [text(body)]

    assert (
        await failure(of(api, max_response_bytes=4096 if reason is Reason.PAYLOAD_TOO_LARGE else 1_000_000))
    ).reason is reason


async def test_redirects_are_followed_within_the_server_only(api: Api) -> None:
    api.items = [item(1, 1)]
    api.faults = [status(302, location="/items?since=2026")]
    durable = Durable()

    await durable.take(once(of(api)))
    async with serve_api(items=api.items) as other:
        api.faults = [status(302, location=f"{other.url}/items")]
        elsewhere = await failure(of(api))
        api.faults = [status(302, location="/items")] * 10
        in_a_circle = await failure(of(api))

        assert other.requests == []
    assert numbers(durable) == [1]
    assert elsewhere.reason is in_a_circle.reason is Reason.TARGET_REDIRECTED


async def test_a_next_page_on_another_server_is_not_asked_for(api: Api) -> None:
    body = json.dumps({"items": [item(1, 1)]})
    async with serve_api() as other:
        api.faults = [text(body, link=f'<{other.url}/items>; rel="next"')]

        error = await failure(of(api, {"pagination": PAGES["link_header"]}))

        assert other.requests == []
    assert error.reason is Reason.SCOPE_EXCEEDED


@pytest.mark.parametrize("client_auth", ["header", "body"])
async def test_an_oauth_token_is_kept_and_asked_for_again_when_refused(api: Api, client_auth: str) -> None:
    api.items = [item(number, number) for number in range(4)]
    auth = {
        "scheme": "oauth2_client_credentials",
        "token_url": f"{api.url}/token",
        "client_id": "me",
        "client_secret": secret("s3cret"),
        "client_auth": client_auth,
    }
    config, durable = of(api, {"pagination": PAGES["cursor"]}, auth=auth), Durable()
    api.valid_token = "none yet"

    def expire(_page: int) -> None:
        if len(api.requests) == 1:
            api.valid_token = "expired"

    api.before_page = expire
    await durable.take(once(config))

    assert numbers(durable) == [0, 1, 2, 3]
    assert len(api.tokens) == 2
    assert ("s3cret" in api.tokens[0]) is (client_auth == "body")
    assert connector.hosts(config) == (api.url.removeprefix("http://"),)


async def test_credentials_are_sent_as_configured_and_never_kept(api: Api) -> None:
    api.items = [item(number, number) for number in range(3)]
    in_header = {"scheme": "api_key", "name": "x-key", "key": secret("k3y")}
    schemes: list[dict[str, Any]] = [
        in_header,
        in_header | {"place": "query"},
        {"scheme": "basic", "user": "me", "password": secret("k3y")},
        {"scheme": "bearer", "token": secret("k3y")},
    ]
    for auth in schemes:
        durable = Durable()
        durable.fail_at, durable.keeps = 1, True
        with pytest.raises(ConnectorError):
            await durable.take(once(of(api, {"pagination": PAGES["link_header"]}, auth=auth)))
        assert "k3y" not in json.dumps(durable.checkpoints)

    sent = [(r.headers.get("x-key"), r.query.get("x-key"), r.headers.get("Authorization")) for r in api.requests]
    assert sent == [
        ("k3y", None, None),
        (None, "k3y", None),
        (None, None, "Basic bWU6azN5"),
        (None, None, "Bearer k3y"),
    ]


async def test_a_post_carries_its_parameters_in_the_body(api: Api) -> None:
    api.items = [item(number, number) for number in range(3)]
    config = of(api, {"method": "POST", "body": {"filter": {"open": True}}, "pagination": PAGES["offset"]})
    durable = Durable()

    await durable.take(once(config))

    assert numbers(durable) == [0, 1, 2]
    assert not api.requests[-1].query


async def test_records_that_are_not_ascending_are_refused_where_order_is_promised(api: Api) -> None:
    api.items = [item(1, 2), item(2, 1)]

    error = await failure(of(api, {"cursor": BY_TIME | {"ordered": True}}))

    assert error.reason is Reason.CONFIG_INVALID


async def test_an_api_that_ignores_the_page_is_found_out(api: Api) -> None:
    api.items = [item(1, 1), item(2, 2)]

    error = await failure(of(api, {"pagination": PAGES["page"] | {"param": "seite"}}))

    assert error.reason is Reason.CONFIG_INVALID


async def test_one_stream_that_cannot_be_read_does_not_hold_up_the_others(api: Api) -> None:
    api.items = [item(1, 1)]
    config = of(api)
    gone = config.streams["items"].model_copy(update={"path": "/gone"})
    durable = Durable()

    with pytest.raises(ConnectorError) as caught:
        await durable.take(once(config.model_copy(update={"streams": {"gone": gone, **config.streams}})))

    assert caught.value.reason is Reason.TARGET_MISSING
    assert numbers(durable) == [1]


@pytest.mark.parametrize("pagination", PAGES)
async def test_a_backfill_reads_its_window_with_the_ids_of_the_run(api: Api, pagination: str) -> None:
    api.items = [item(number, number) for number in range(10)]
    config, run = of(api, {"pagination": PAGES[pagination]}), Durable()
    await run.take(once(config))

    window = Window("2026-01-01T10:00:03Z", "items=2026-01-01T10:00:08Z")
    outcomes = await crash_everywhere(lambda: once(config, window))

    for durable in outcomes:
        assert set(durable.ids) == set(run.ids[3:8])
        assert durable.checkpoints["items"]["is_done"] is True


async def test_check_asks_for_one_record_and_discover_tells_key_and_total(api: Api) -> None:
    api.items = [item(number, number) for number in range(5)]
    config = of(api, {"pagination": PAGES["page"]})

    await connector.check(config)
    (stream,) = await connector.discover(config)

    assert [request.query["size"] for request in api.requests] == ["1", "1"]
    assert (stream.name, stream.schema, stream.key, stream.estimated_records) == ("items", None, ("id", "updated"), 5)
