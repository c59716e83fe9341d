"""Signatures that others can verify, with secrets that can be changed."""

import base64
import time

import pytest
from standardwebhooks.webhooks import Webhook

from router.api import ConnectorError, Reason, Secret
from sinks.http.signing import Signer, message_id
from tests.unit.sinks.examples import SIGNING_SECRET, secret


def test_the_reference_implementation_accepts_the_signature() -> None:
    timestamp, body = str(int(time.time())), b'{"amount": 1}'

    signature = Signer(secret(SIGNING_SECRET)).sign("msg_1", timestamp, body)

    headers = {"webhook-id": "msg_1", "webhook-timestamp": timestamp, "webhook-signature": signature}
    assert Webhook(SIGNING_SECRET).verify(body, headers) == {"amount": 1}


def test_a_changed_secret_signs_from_the_next_event_on() -> None:
    values = {"now": SIGNING_SECRET}
    signer = Signer(Secret("${env:EXAMPLE}", lambda _: values["now"]))
    before = signer.sign("msg_1", "1", b"")

    values["now"] = "whsec_" + base64.b64encode(b"n" * 32).decode()

    assert signer.sign("msg_1", "1", b"") != before


@pytest.mark.parametrize(
    "value",
    [
        "hunter2",
        "whsec_",
        "whsec_hunter2!",
        base64.b64encode(b"k" * 32).decode(),
        "whsec_" + base64.b64encode(b"k" * 23).decode(),
        "whsec_" + base64.b64encode(b"k" * 65).decode(),
        "whsec_\u00e4",
    ],
)
def test_a_secret_of_another_form_is_found_at_the_start_and_not_repeated(value: str) -> None:
    with pytest.raises(ConnectorError) as caught:
        Signer(secret(value))

    assert caught.value.reason is Reason.SECRET_UNUSABLE
    assert value not in str(caught.value).replace("whsec_ and", "")


def test_an_event_keeps_its_message_id_which_has_no_dots() -> None:
    assert message_id("a.b") == message_id("a.b") != message_id("a.c")
    assert "." not in message_id("a.b")
