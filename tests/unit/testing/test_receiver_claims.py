"""The suite finds a receiver that does not keep what it declares, and holds an honest one for what it is."""

import json
import socket
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest

from router.api import ConnectorConfig, ConnectorError, Reason, ReceiverConnector, Record, Request, Secret
from router.testing.conformance.receiver import ReceiverClaims, Sender

FLAWS = {
    "raises what it likes": ("any_request_is_answered", "it raises"),
    "trusts good requests": ("any_change_of_a_good_request_is_answered", "it raises"),
    "tells its secret": ("any_request_is_answered", "holds a secret"),
    "gives new ids each time": ("is_pure", "other records the second time"),
    "does I/O": ("is_pure", "socket"),
    "gives every event one id": ("good_requests_become_records", "different events"),
    "passes secrets on": ("secrets_stay_out_of_records", "a record holds a secret"),
    "opens without secrets": ("missing_secret_is_found_at_the_start", "without its secrets"),
    "has no path": ("path_is_one", "its path is"),
}
CLAIMS = sorted(name for name in dir(ReceiverClaims) if name.startswith("test_"))


class Settings(ConnectorConfig):
    token: Secret


class Receiver:
    """Takes JSON with an id from who sends the token."""

    def __init__(self, config: Settings, flaw: str) -> None:
        self._flaw = flaw
        self._config = config
        if flaw != "opens without secrets":
            config.token.reveal()

    def receive(self, request: Request) -> Sequence[Record]:
        token = self._config.token.reveal()
        trusts = self._flaw == "raises what it likes"
        if request.values("x-token") != (token,) and not trusts:
            shown = token if self._flaw == "tells its secret" else "…"
            raise ConnectorError(Reason.SIGNATURE_MISMATCH, f"It is not {shown}.")
        if self._flaw == "does I/O":
            socket.socket().close()
        try:
            document = json.loads(request.body)
            name = str(document["id"])
        except (ValueError, LookupError, TypeError, RecursionError):
            if trusts or self._flaw == "trusts good requests":
                raise
            raise ConnectorError(Reason.PAYLOAD_MALFORMED, "No JSON with an id.") from None
        ids = {"gives new ids each time": uuid4().hex, "gives every event one id": "one"}
        headers = dict(request.headers) if self._flaw == "passes secrets on" else {}
        return [Record(ids.get(self._flaw, name) or "none", "pushed", request.body, headers=headers)]


class Pusher(Sender):
    def __init__(self) -> None:
        self.secrets = {"${env:TOKEN}": "s3cret-value"}

    @property
    def config(self) -> Mapping[str, Any]:
        return {"token": "${env:TOKEN}"}

    def request(self, number: int) -> Request:
        return Request("POST", "/in", (("x-token", "s3cret-value"),), b'{"id": "event-%d"}' % number, 1_800_000_000)


def hold(name: str, flaw: str) -> None:
    """Try one claim of the receiver with this flaw."""
    connector = ReceiverConnector(
        name="pushed",
        version="1.0",
        summary="Takes what is pushed.",
        config=Settings,
        open=lambda config, _name: Receiver(config, flaw),
        path=lambda _config: "nowhere" if flaw == "has no path" else "/in",
    )
    claims = type("Claims", (ReceiverClaims,), {"connector": connector})()
    test = getattr(claims, name)
    test() if name == "test_declares_itself" else test(Pusher())


@pytest.mark.parametrize("name", CLAIMS)
def test_an_honest_receiver_keeps_every_claim(name: str) -> None:
    hold(name, "")


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_receiver_with_a_flaw_breaks_the_claim(flaw: str) -> None:
    name, reason = FLAWS[flaw]

    with pytest.raises(pytest.fail.Exception) as broken:
        hold(f"test_{name}", flaw)

    assert reason in str(broken.value)
