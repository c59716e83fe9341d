"""Rows 47 to 53: hostile JSON and text through the whole endpoint is carried byte by byte, or refused and counted."""

import json
from dataclasses import dataclass

import pytest

from router.api import Reason
from tests.attacks.answers import parse, telltales
from tests.attacks.gateway import Gateway
from tests.attacks.naughty import STRINGS
from tests.attacks.targets import BY_NAME


@dataclass(frozen=True)
class Attack:
    """reason: why it is refused where its attributes are looked for; None if it is taken. id: as it is then."""

    row: int
    name: str
    body: bytes
    reason: Reason | None = Reason.PAYLOAD_MALFORMED
    id: str | None = None


DEEP = 100_000
HUGE = b'{"id": "keys", ' + b", ".join(b'"k%d": 0' % number for number in range(70_000)) + b"}"
ATTACKS = (
    Attack(47, "brackets that open", b"[" * DEEP),
    Attack(47, "arrays in arrays", b"[" * DEEP + b"]" * DEEP),
    Attack(47, "objects in objects", b'{"a":' * DEEP + b"1" + b"}" * DEEP),
    Attack(47, "depth behind the id", b'{"id": "1", "b": ' + b"[" * DEEP + b"]" * DEEP + b"}"),
    Attack(48, "a key twice", b'{"id": "first", "id": "last"}', None, "last"),
    Attack(48, "a key twice, once escaped", b'{"id": "first2", "\\u0069d": "last2"}', None, "last2"),
    Attack(49, "NaN", b'{"id": "1", "n": NaN}'),
    Attack(49, "Infinity", b'{"id": "1", "n": -Infinity}'),
    Attack(49, "NaN as the id", b'{"id": NaN}'),
    Attack(50, "2^64", b'{"id": 18446744073709551616}', None, "18446744073709551616"),
    Attack(50, "2^64 and one more", b'{"id": 18446744073709551617}', None, "18446744073709551617"),
    Attack(50, "2^53 and one more", b'{"id": 9007199254740993}', None, "9007199254740993"),
    Attack(50, "5,000 digits", b'{"id": 1' + b"0" * 4_999 + b"}"),
    Attack(50, "5,000 digits elsewhere", b'{"id": "5000", "n": 1' + b"0" * 200 + b"}", None, "5000"),
    Attack(51, "a lone surrogate", b'{"id": "\\ud800"}'),
    Attack(51, "a byte order mark", b'\xef\xbb\xbf{"id": "1"}'),
    Attack(51, "invalid UTF-8", b'{"id": "\xff"}'),
    Attack(51, "surrogates in UTF-8", b'{"id": "\xed\xa0\x80"}'),
    Attack(51, "UTF-16", '{"id": "1"}'.encode("utf-16")),
    Attack(51, "U+0000 in the id", b'{"id": "a\\u0000b"}', Reason.ID_MALFORMED),
    Attack(51, "U+0000 in the type", b'{"id": "z1", "type": "a\\u0000b"}'),
    Attack(52, "__proto__", b'{"id": "proto", "__proto__": {"admin": true}}', None, "proto"),
    Attack(52, "constructor", b'{"id": "constructor", "constructor": {"prototype": {}}}', None, "constructor"),
    Attack(52, "70,000 keys", HUGE, None, "keys"),
)
each = pytest.mark.parametrize("attack", ATTACKS, ids=[f"{attack.row}-{attack.name}" for attack in ATTACKS])


@each
def test_where_attributes_are_looked_for_it_is_refused_or_taken_as_it_is(gateway: Gateway, attack: Attack) -> None:
    refusals = gateway.refusals("lookup", attack.reason or Reason.PAYLOAD_MALFORMED)
    acceptances = gateway.acceptances("lookup")

    (answer,) = parse(gateway.exchange(BY_NAME["lookup"].request(attack.body)))

    assert not telltales(answer.body)
    if attack.reason is None:
        assert (answer.status, [event.id for event in gateway.events]) == (202, [attack.id])
        assert gateway.carried == [attack.body]
        assert gateway.acceptances("lookup") == acceptances + 1
    else:
        assert (answer.status, answer.reason, gateway.events) == (400, attack.reason, [])
        assert gateway.refusals("lookup", attack.reason) == refusals + 1


@each
def test_where_nothing_is_looked_for_it_is_carried_byte_by_byte(gateway: Gateway, attack: Attack) -> None:
    (answer,) = parse(gateway.exchange(BY_NAME["github"].request(attack.body, f"raw-{attack.row}-{attack.name}")))

    assert answer.status == 202
    assert gateway.carried == [attack.body]


@pytest.mark.parametrize("attack", [one for one in ATTACKS if one.row in (49, 51)], ids=lambda one: str(one.name))
def test_in_a_cloudevent_it_is_refused(gateway: Gateway, attack: Attack) -> None:
    event = b'{"specversion": "1.0", "id": "%b", "source": "/s", "type": "t", "data": %b}' % (
        attack.name.encode(),
        attack.body,
    )
    invalid = attack.name not in ("U+0000 in the id", "U+0000 in the type", "a lone surrogate")

    (answer,) = parse(gateway.exchange(BY_NAME["cloudevents"].request(event)))

    assert answer.status in ((400,) if invalid else (202, 400))
    assert gateway.carried in ([], [attack.body])


@pytest.mark.parametrize("text", STRINGS, ids=range(len(STRINGS)))
def test_a_naughty_string_round_trips_in_every_text_or_is_refused(gateway: Gateway, text: str) -> None:
    """In the id, the type and the subject it is the same, character by character, or it is refused; never changed."""
    document = {"id": text, "type": text, "a": {"b": text}, "n": text, text: [text]}
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")

    (answer,) = parse(gateway.exchange(BY_NAME["lookup"].request(body)))

    assert answer.status in (202, 400)
    for event in gateway.events:
        expected = (text, text, text) if text else (event.id, "webhook", None)
        assert (event.id, event.type, event.subject, event.data) == (*expected, body)
    assert len(gateway.events) == (answer.status == 202)
    assert answer.status == 202 or not text.isprintable() or len(text) > 255


@pytest.mark.parametrize("text", STRINGS, ids=range(len(STRINGS)))
def test_a_naughty_string_round_trips_in_a_cloudevent_or_is_refused(gateway: Gateway, text: str) -> None:
    data = json.dumps({"text": text}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    named = {"specversion": "1.0", "id": text, "source": "/s", "type": text, "subject": text}
    head = json.dumps(named, ensure_ascii=False).encode("utf-8", "surrogatepass")

    (answer,) = parse(gateway.exchange(BY_NAME["cloudevents"].request(head[:-1] + b', "data": ' + data + b"}")))

    assert answer.status in (202, 400)
    assert gateway.carried in ([], [data])
    for event in gateway.events:
        assert (event.id, event.type, event.subject) == (text, text, text)
    assert len(gateway.events) == (answer.status == 202)
