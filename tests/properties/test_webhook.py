"""Whatever bytes arrive, a receiver answers with a record or a reason."""

import json

from hypothesis import given
from hypothesis import strategies as st

from router.api import ConnectorError, ErrorClass, Request
from router.testing.received import records_of
from sources.webhook.receiver import WebhookReceiver
from tests.unit.sources.webhook.signing import NOW, PLAIN_SECRET, STANDARD_SECRET, github, receiver, request, standard

HMAC = {"scheme": "hmac", "header": "x-sign", "timestamp_header": "x-time"}
EVENT = {"id": {"body": "a.0.id"}, "type": {"body": "type"}, "subject": {"body": "s"}, "time": {"body": "t"}}
RECEIVERS = [
    receiver({"scheme": "standard_webhooks"}, [STANDARD_SECRET]),
    receiver({"scheme": "github"}, [PLAIN_SECRET]),
    receiver(HMAC, [PLAIN_SECRET]),
]
NAMES = ["webhook-id", "webhook-timestamp", "webhook-signature", "x-hub-signature-256", "x-sign", "x-time", "x-any"]
LATIN = st.text(st.characters(max_codepoint=255), max_size=80)
SHAPED = st.one_of(
    LATIN, LATIN.map("v1,{}".format), LATIN.map("sha256={}".format), st.just(str(NOW)), st.just("0" * 64)
)
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES), SHAPED), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "id", "type", "s", "t"]), inner),
    max_leaves=20,
)


def outcome(endpoint: WebhookReceiver, received: Request) -> str:
    try:
        (record,) = records_of(endpoint, received)
    except ConnectorError as error:
        return str(error.error_class)
    return "accepted" if record.data == received.body else "changed"


@given(st.sampled_from(RECEIVERS), HEADERS, st.binary(max_size=200))
def test_unsigned_bytes_are_refused(endpoint: WebhookReceiver, headers: list[tuple[str, str]], body: bytes) -> None:
    assert outcome(endpoint, request(headers, body)) in (ErrorClass.AUTH_FAILED, ErrorClass.INPUT_INVALID)


@given(st.binary(max_size=300))
def test_any_signed_body_is_carried_byte_exact(body: bytes) -> None:
    assert outcome(RECEIVERS[0], request(standard(body), body)) == "accepted"
    assert outcome(RECEIVERS[1], request(github(body), body)) in ("accepted", ErrorClass.INPUT_INVALID)


@given(JSON)
def test_any_signed_document_gives_a_record_or_a_reason(document: object) -> None:
    body = json.dumps(document).encode()
    verify = {"scheme": "hmac", "header": "x-hub-signature-256", "prefix": "sha256="}
    endpoint = receiver(verify, [PLAIN_SECRET], event=EVENT)

    assert outcome(endpoint, request(github(body), body)) in ("accepted", ErrorClass.INPUT_INVALID)
