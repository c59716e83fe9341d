"""Each JSON text is carried byte by byte or refused where it must be looked into; none is changed, none harms."""

from itertools import count

import pytest

from router.api import Reason
from tests.attacks.answers import Answer, parse, telltales
from tests.attacks.gateway import Gateway
from tests.attacks.json_cases import JSON_TEXTS, Text
from tests.attacks.targets import BY_NAME

NUMBERS = count()
each = pytest.mark.parametrize("text", JSON_TEXTS, ids=[text.name for text in JSON_TEXTS])


def sent(gateway: Gateway, name: str, body: bytes) -> Answer:
    """The answer; if it is a refusal, its reason is counted."""
    (answer,) = parse(gateway.exchange(BY_NAME[name].request(body)))
    assert answer.status < 500
    assert not telltales(answer.body)
    return answer


@each
def test_where_it_is_not_looked_into_anything_is_carried(gateway: Gateway, text: Text) -> None:
    answer = sent(gateway, "addresses", text.text)

    assert answer.status == 202
    assert gateway.carried in ([text.text], [])  # it may be a repetition


@each
def test_where_attributes_stand_in_it_only_json_is_taken(gateway: Gateway, text: Text) -> None:
    refusals = gateway.refusals("lookup", Reason.PAYLOAD_MALFORMED)

    answer = sent(gateway, "lookup", text.text)

    assert answer.status in {True: (202,), False: (400,), None: (202, 400)}[text.valid]
    if answer.status == 202:
        assert gateway.carried == [text.text]
    else:
        assert answer.reason in (Reason.PAYLOAD_MALFORMED, Reason.ID_MALFORMED)
        assert gateway.refusals("lookup", Reason.PAYLOAD_MALFORMED) == refusals + 1


@each
def test_as_the_data_of_a_cloudevent_it_is_taken_as_it_is_or_refused(gateway: Gateway, text: Text) -> None:
    event = b'{"specversion": "1.0", "id": "j%d", "source": "/s", "type": "t", "data": %b}' % (next(NUMBERS), text.text)

    answer = sent(gateway, "cloudevents", event)

    assert answer.status in {True: (202,), False: (400,), None: (202, 400)}[text.valid]
    assert gateway.carried in ([], [text.text.strip()])
    assert len(gateway.events) == (answer.status == 202)


@each
def test_as_a_whole_cloudevent_it_is_refused(gateway: Gateway, text: Text) -> None:
    assert sent(gateway, "cloudevents", text.text).status == 400
    assert gateway.events == []


@each
@pytest.mark.parametrize(
    ("name", "frame"),
    [("ndjson", b'{"id": "n%d"}\n%b\n'), ("array", b'[{"id": "a%d"}, %b]'), ("array-whole", b"[[%d], %b]")],
)
def test_as_an_item_it_is_taken_as_it_is_or_refused(gateway: Gateway, text: Text, name: str, frame: bytes) -> None:
    body = frame % (next(NUMBERS), text.text)

    answer = sent(gateway, name, body)

    assert answer.status in (202, 207, 400, 413)
    assert all(data in body for data in gateway.carried)
    if text.valid and b"\n" not in text.text:
        assert [data.strip() for data in gateway.carried][1:] in ([text.text.strip()], [])
    elif text.valid is False and text.text.strip() and b"\n" not in text.text:
        assert answer.status != 202


@each
def test_where_expressions_look_into_it_it_is_carried_or_refused(gateway: Gateway, text: Text) -> None:
    answer = sent(gateway, "expression", text.text)

    assert answer.status in (202, 400)
    assert gateway.carried in ([text.text], [])
