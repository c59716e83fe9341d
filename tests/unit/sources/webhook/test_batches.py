"""Each item of a batch stands for itself, its data exactly as it was sent, and a batch has an end."""

import json
from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from router.api import ConnectorError, Items, Reason, Record, Reply
from sources.webhook import connector
from sources.webhook.config import WebhookConfig
from sources.webhook.formats import cut
from sources.webhook.formats.batch import BatchSettings, gather
from tests.unit.sources.webhook.signing import (
    PLAIN_SECRET,
    STANDARD_SECRET,
    github,
    receiver,
    request,
    standard,
)

GENERIC = {"scheme": "hmac", "header": "x-hub-signature-256", "prefix": "sha256="}
EVENT = {"id": {"body": "id"}, "type": {"body": "type"}, "key": {"header": "x-key"}}
BATCH_TYPE = ("content-type", "application/cloudevents-batch+json")
GOOD = b'{"specversion":"1.0","type":"t","source":"/s","id":"1", "data" : 1.10 }'

Outcome = Sequence[Record] | Items | Reply


def received(form: str, body: bytes, *headers: tuple[str, str], **more: object) -> Outcome:
    endpoint = receiver(GENERIC, [PLAIN_SECRET], format=form, **more)
    return endpoint.receive(request([*github(body), *headers], body))


def items(outcome: Outcome) -> list[Record | Reason]:
    assert isinstance(outcome, Items)
    return [item if isinstance(item, Record) else item.reason for item in outcome.items]


def data(outcome: Outcome) -> list[object]:
    return [item.data if isinstance(item, Record) else item for item in items(outcome)]


def refusal(form: str, body: bytes, *headers: tuple[str, str], **more: object) -> ConnectorError:
    with pytest.raises(ConnectorError) as raised:
        received(form, body, *headers, **more)
    return raised.value


def test_each_cloudevent_of_a_batch_has_its_outcome_in_order() -> None:
    body = b"[" + GOOD + b' ,\n{"id":"2"}, 5, ' + GOOD + b"]"

    outcome = received("cloudevents", body, BATCH_TYPE)

    assert data(outcome) == [b"1.10", Reason.PAYLOAD_MALFORMED, Reason.PAYLOAD_MALFORMED, b"1.10"]


def test_the_elements_of_an_array_are_events() -> None:
    body = b'[ {"id": "a",  "type":"x", "n": 1.10}, {"id":7}, 1e400 ,"x",18446744073709551617]'

    outcome = received("json_array", body, ("x-key", "k"), event=EVENT)

    assert data(outcome) == [
        b'{"id": "a",  "type":"x", "n": 1.10}',
        b'{"id":7}',
        Reason.PAYLOAD_MALFORMED,
        b'"x"',
        b"18446744073709551617",
    ]
    first, second = [item for item in items(outcome) if isinstance(item, Record)][:2]
    assert (first.id, first.type, first.key) == ("a", "x", "k")
    assert second.id == "7"


def test_a_number_that_no_float_can_hold_is_carried_where_nobody_looks_for_attributes() -> None:
    assert data(received("json_array", b"[1e400]")) == [b"1e400"]


def test_the_lines_of_ndjson_are_events() -> None:
    body = b'{"id": "a"}\r\n\n  \n {"id":"b"} \nnot json\n{"id":"c"'

    outcome = received("ndjson", body, event=EVENT)

    assert data(outcome) == [
        b'{"id": "a"}',
        b' {"id":"b"} ',
        Reason.PAYLOAD_MALFORMED,
        Reason.PAYLOAD_MALFORMED,
    ]


def test_one_id_of_a_request_does_not_make_its_items_one_event() -> None:
    body = b"{}\n{}"
    endpoint = receiver({"scheme": "standard_webhooks"}, [STANDARD_SECRET], format="ndjson")

    outcome = endpoint.receive(request(standard(body), body))

    assert [item.id for item in items(outcome) if isinstance(item, Record)] == ["msg_1.0", "msg_1.1"]


@pytest.mark.parametrize("name", ["id", "idempotency_key"])
def test_an_id_of_items_must_not_stand_in_a_header(name: str) -> None:
    with pytest.raises(ValidationError):
        received("ndjson", b"{}", event={name: {"header": "x-id"}})


@pytest.mark.parametrize(("form", "body"), [("ndjson", b""), ("ndjson", b"\n\n"), ("json_array", b" [ ] ")])
def test_an_empty_batch_is_fine(form: str, body: bytes) -> None:
    assert received(form, body) == []


@pytest.mark.parametrize(("form", "body"), [("ndjson", b"1\n2\n3"), ("json_array", b"[1,2,3]")])
def test_more_items_than_the_limit_are_refused(form: str, body: bytes) -> None:
    error = refusal(form, body, batch={"max_items": 2})

    assert (error.reason, error.spec.http_status) == (Reason.TOO_MANY_ITEMS, 413)
    assert len(items(received(form, body, batch={"max_items": 3}))) == 3


def test_all_or_nothing_refuses_the_whole_and_names_the_first_item_that_is_wrong() -> None:
    more = {"batch": {"all_or_nothing": True}}

    error = refusal("ndjson", b"1\nx\ny", **more)

    assert error.reason is Reason.PAYLOAD_MALFORMED
    assert error.message.startswith("Item 1: ")
    accepted = received("ndjson", b"1\n2", **more)
    assert not isinstance(accepted, Items | Reply)
    assert [record.data for record in accepted] == [b"1", b"2"]


@pytest.mark.parametrize("form", ["ndjson", "json_array", "cloudevents"])
def test_a_batch_of_nothing_but_bad_items_still_has_outcomes(form: str) -> None:
    body = {"ndjson": b"x", "json_array": b"[[]]", "cloudevents": b"[[]]"}[form]
    more: dict[str, object] = {} if form == "cloudevents" else {"event": {"id": {"expression": "@"}}}
    outcome = received(form, body, BATCH_TYPE, **more)

    assert len(items(outcome)) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'["\xff"]',
        b'\xef\xbb\xbf["a"]',
        '["a"]'.encode("utf-16"),
        b"[NaN]",
        b'["\\ud800"]',
        b"[1,]",
        b"{}",
        b"",
    ],
)
def test_an_array_that_is_none_is_refused(body: bytes) -> None:
    assert refusal("json_array", body).reason is Reason.PAYLOAD_MALFORMED


def test_a_long_integer_is_carried_as_it_is() -> None:
    assert data(received("json_array", b"[%b]" % (b"9" * 5000))) == [b"9" * 5000]


def test_the_charset_of_json_is_utf8() -> None:
    error = refusal("ndjson", b"{}", ("content-type", "application/x-ndjson; charset=latin1"))

    assert error.reason is Reason.CONTENT_TYPE_UNSUPPORTED
    assert items(received("ndjson", b"{}", ("content-type", 'application/x-ndjson; Charset="UTF-8"')))


@pytest.mark.parametrize("kind", ["text/plain", "", "application/jsonx"])
def test_only_the_content_types_of_the_endpoint_are_taken(kind: str) -> None:
    headers = [("content-type", kind)] if kind else []

    error = refusal("webhook", b"x", *headers, content_types=["application/json"])

    assert (error.reason, error.spec.http_status) == (Reason.CONTENT_TYPE_UNSUPPORTED, 415)
    allowed = received("webhook", b"x", ("content-type", "Application/JSON; a=b"), content_types=["application/json"])
    assert not isinstance(allowed, Items | Reply)
    assert len(allowed) == 1


def test_an_endpoint_may_answer_something_else() -> None:
    verify = {"scheme": "github", "secrets": ["${env:S}"]}
    response = {"status": 200, "body": "[accepted]", "content_type": "text/plain"}
    context = {"resolve": lambda _reference: PLAIN_SECRET}

    def success(**more: object) -> Reply | None:
        config = WebhookConfig.model_validate({"path": "/a", "verify": verify, **more}, context=context)
        return connector.success(config)

    assert success() is None
    assert success(response=response) == Reply(200, b"[accepted]", (("Content-Type", "text/plain"),))
    assert success(response={"status": 204}) == Reply(204, b"", ())
    for wrong in ({"status": 204, "body": "x"}, {"status": 302}, {"content_type": "a\r\nb: c"}):
        with pytest.raises(ValidationError):
            success(response=wrong)


def test_an_item_too_many_costs_no_reading_of_items() -> None:
    made: list[int] = []

    def record(index: int, text: bytes) -> Record:
        made.append(index)
        return Record(id=str(index), type="t", data=text)

    with pytest.raises(ConnectorError):
        gather([b"1"] * 11, record, BatchSettings(max_items=10))

    assert made == []


def test_the_first_refusal_ends_the_work_for_all_or_nothing() -> None:
    made: list[int] = []

    def record(index: int, _text: bytes) -> Record:
        made.append(index)
        raise ConnectorError(Reason.PAYLOAD_MALFORMED, "no")

    with pytest.raises(ConnectorError):
        gather([b"1"] * 1_000, record, BatchSettings(all_or_nothing=True))

    assert made == [0]


def test_each_byte_of_a_batch_is_cut_a_fixed_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    cut_bytes: list[int] = []
    decoded = cut._decoded

    def counted(decoder: object, text: bytes, what: str) -> object:
        cut_bytes.append(len(text))
        return decoded(decoder, text, what)  # type: ignore[arg-type]

    monkeypatch.setattr(cut, "_decoded", counted)
    deep = {"specversion": "1.0", "type": "t", "source": "/s", "data": "[" * 200}

    def work(count: int) -> float:
        body = json.dumps([{**deep, "id": str(number)} for number in range(count)]).encode()
        cut_bytes.clear()
        received("cloudevents", body, BATCH_TYPE)
        return sum(cut_bytes) / len(body)

    assert work(900) == pytest.approx(work(90), rel=0.05)
    assert work(900) < 3
