"""With every scheme: what is signed is accepted, and no byte of it can be changed."""

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from router.api import ConnectorError, ErrorClass, Reply, Request
from tests.unit.sources.webhook.senders import SENDERS, STRIPE, SignedBy, arrived, replaced, with_parts
from tests.unit.sources.webhook.signing import NOW

NAMES = sorted({name for sender in SENDERS for name, _ in sender.request().headers})
VALUES = sorted({value for sender in SENDERS for _, value in sender.request().headers})
LATIN = st.text(st.characters(max_codepoint=255), max_size=80)
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES) | LATIN), max_size=8).map(tuple)
QUERY = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40)
SENDER = st.sampled_from(SENDERS)


def outcome(sender: SignedBy, received: Request) -> str:
    """What becomes of a request; any other error than ours fails the test."""
    try:
        answer = sender.endpoint.receive(received)
    except ConnectorError as error:
        return str(error.error_class)
    if isinstance(answer, Reply):
        return "answered"
    return "accepted" if answer else "empty"


@given(SENDER, HEADERS, st.binary(max_size=200), QUERY)
def test_any_request_is_accepted_or_refused(
    sender: SignedBy, headers: tuple[tuple[str, str], ...], body: bytes, query: str
) -> None:
    received = arrived("https://hooks.example.com/hooks", headers, body)
    with_query = Request("POST", "/hooks", received.headers, body, NOW, query=query, peer=received.peer)

    assert outcome(sender, with_query) in (ErrorClass.AUTH_FAILED, ErrorClass.INPUT_INVALID)


@given(SENDER, st.binary(max_size=300), st.integers(0, 300))
def test_whatever_is_signed_is_accepted(sender: SignedBy, body: bytes, late: int) -> None:
    assert outcome(sender, sender.request(body, at=NOW + late)) in ("accepted", ErrorClass.INPUT_INVALID)
    assert outcome(sender, sender.request(b"[%s]" % body.hex().encode(), at=NOW - late)) == "accepted"


@given(SENDER, st.binary(min_size=1, max_size=100), st.data())
def test_no_byte_of_a_body_can_be_changed(sender: SignedBy, body: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(body) - 1))
    other = bytes([data.draw(st.integers(0, 255).filter(lambda byte: byte != body[at]))])
    forged = (body[:at] + other + body[at + 1 :], body[:at] + body[at + 1 :], body[:at] + other + body[at:])

    for changed in forged:
        assert outcome(sender, with_parts(sender.request(body), body=changed)) == ErrorClass.AUTH_FAILED


@settings(max_examples=200)
@given(
    st.sampled_from([(sender, name) for sender in SENDERS for name in (sender.signature, sender.timestamp)]), st.data()
)
def test_no_character_of_a_signature_or_timestamp_can_be_changed(
    part: tuple[SignedBy, str | None], data: st.DataObject
) -> None:
    sender, name = part
    name = name or sender.signature
    (value,) = sender.request().values(name)
    at = data.draw(st.integers(0, len(value) - 1))
    characters = st.sampled_from(string.printable) | st.characters(max_codepoint=255)
    other = data.draw(characters.filter(lambda character: character != value[at]))

    for changed in (
        value[:at] + other + value[at + 1 :],
        value[:at] + value[at + 1 :],
        value[:at] + other + value[at:],
    ):
        if changed != value and not _is_a_list_with(sender, changed, value):
            assert outcome(sender, replaced(sender.request(), name, changed)) == ErrorClass.AUTH_FAILED


def _is_a_list_with(sender: SignedBy, changed: str, value: str) -> bool:
    """Where a header has a list, what is added beside the signature is another one, which proves nothing."""
    separator = {"standard_webhooks": " ", "svix": " ", "gitlab": " ", "stripe": ",", "hmac": ","}.get(sender.name)
    parts = changed.split(separator) if separator else [changed]
    return set(value.split(separator)) <= set(parts) if sender is STRIPE else value in parts
