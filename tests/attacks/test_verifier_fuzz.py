"""Every verifier, and every format behind it, is total: any request is taken, answered, or refused with its reason."""

import time
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from router.api import ConnectorError, ErrorClass, Peer, Request
from sources.webhook.receiver import WebhookReceiver
from tests.attacks.targets import TARGETS, Target

HEADERS = tuple(
    sorted({(name.lower(), value) for target in TARGETS for name, value in target.headers(target.body, "msg_1")})
)
MORE = (
    "host",
    "content-type",
    "content-encoding",
    "ce-id",
    "ce-specversion",
    "ce-source",
    "ce-type",
    "ce-time",
    "x-type",
)
NAMES = st.sampled_from(sorted({name for name, _ in HEADERS} | set(MORE)))
LATIN = st.text(st.characters(max_codepoint=255), max_size=80)
TYPES = st.sampled_from([target.content_type for target in TARGETS] + ["text/plain; charset=utf-16", ";", "/", ""])
BODIES = st.binary(max_size=200) | st.sampled_from([target.body for target in TARGETS])
QUERIES = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=60) | st.sampled_from(
    [
        "hub.mode=subscribe&hub.verify_token=x&hub.challenge=1",
        "validationToken=%ff",
        "bodySHA256=0&bodySHA256=1",
        "key=%00",
    ]
)


@st.composite
def values(draw: st.DrawFn) -> tuple[str, str]:
    """A header: any, one of another scheme, or one of which some characters are others."""
    name, value = draw(st.sampled_from(HEADERS) | st.tuples(NAMES, LATIN) | st.tuples(st.just("content-type"), TYPES))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(value)))
        value = value[:at] + draw(st.text(st.characters(max_codepoint=255), max_size=2)) + value[at + 1 :]
    return name, value


@cache
def receiver(target: Target) -> WebhookReceiver:
    return target.receiver()


@settings(max_examples=800, derandomize=True, deadline=None)
@given(
    st.sampled_from(TARGETS),
    st.booleans(),
    st.lists(values(), max_size=8),
    BODIES,
    QUERIES,
    st.sampled_from(["POST", "POST", "POST", "GET", "OPTIONS"]),
)
def test_any_request_is_taken_or_refused_with_its_reason(
    target: Target, signed: bool, more: list[tuple[str, str]], body: bytes, query: str, method: str
) -> None:
    own = target.headers(body, "msg_1") if signed and target.own is None and target.name != "twilio" else ()
    headers = (("host", "hooks.example.com"), *((name.lower(), value) for name, value in own), *more)
    request = Request(method, target.path, headers, body, time.time(), query, Peer("127.0.0.1", "http"))

    error = refusal(target, request)

    if error is not None:
        assert error.error_class in (ErrorClass.AUTH_FAILED, ErrorClass.INPUT_INVALID)
        assert error.spec.http_status < 500
        assert "canary" not in error.message


def refusal(target: Target, request: Request) -> ConnectorError | None:
    try:
        receiver(target).receive(request)
    except ConnectorError as error:
        return error
    return None
