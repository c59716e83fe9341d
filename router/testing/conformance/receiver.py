"""The claims that every receiver has to keep; they need hypothesis beside pytest."""

import sys
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.api import ConnectorError, Reason, Receiver, ReceiverConnector, Record, Request
from router.testing.conformance.claim import broken, claim, hold
from router.testing.conformance.declaration import DeclarationClaims
from router.testing.conformance.place import NAME, Place, hides, validated
from router.testing.conformance.records import Encoding, check_record
from router.testing.received import records_of

__all__ = ["ReceiverClaims", "Sender"]

_EXAMPLES = 300
_IO = ("open", "socket.", "subprocess.", "os.system", "sqlite3.connect", "urllib.Request")
_every_example = settings(
    max_examples=_EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
_LATIN = st.text(st.characters(max_codepoint=255), max_size=60)
_reported: list[str] | None = None


class Sender(Place):
    """Who pushes to the receiver in a test."""

    @abstractmethod
    def request(self, number: int) -> Request:
        """A good request with the event of this number, signed as the settings demand."""


class ReceiverClaims(DeclarationClaims):
    """What every receiver claims. The author's class gives `connector`, and a fixture `sender` that makes a Sender."""

    connector: ClassVar[ReceiverConnector]

    @pytest.fixture
    def place(self, sender: Sender) -> Sender:
        """The sender, as the claims of all connectors know it."""
        return sender

    @claim
    async def test_path_is_one(self, sender: Sender) -> None:
        """Its configuration gives the path of its endpoint."""
        async with sender:
            path = self.connector.path(validated(self.connector, sender))
            hold(path.startswith("/") and path.isascii(), f"its path is {path!r}")

    @claim
    async def test_good_requests_become_records(self, sender: Sender) -> None:
        """Good requests become records that can be published; other events have other ids."""
        async with sender:
            receiver, encoding = self._opened(sender), Encoding()
            received = [_received(receiver, sender.request(number)) for number in range(5)]
            hold(all(received), "a good request gives no record")
            records = [record for some in received for record in some]
            ids = [record.id for record in records]
            hold(len(set(ids)) == len(ids), f"requests with different events give the ids {ids}")
            for record in records:
                check_record(record)
                encoding.check(record)

    @claim
    async def test_is_pure(self, sender: Sender) -> None:
        """The same request gives the same records, also after a restart, and nothing is opened or connected to."""
        async with sender:
            receiver, request = self._opened(sender), sender.request(1)
            first = list(_received(receiver, request))
            with _io() as done:
                again = list(_received(receiver, request))
            hold(not done, f"receive does I/O: {', '.join(done)}")
            hold(again == first, "the same request gives other records the second time")
            hold(list(_received(self._opened(sender), request)) == first, "after a restart it gives other records")

    @claim
    async def test_secrets_stay_out_of_records(self, sender: Sender) -> None:
        """No secret's value is in a record."""
        async with sender:
            records = _received(self._opened(sender), sender.request(1))
            hold(hides(sender, repr(records)), "a record holds a secret")

    @claim
    async def test_missing_secret_is_found_at_the_start(self, sender: Sender) -> None:
        """If a secret cannot be had, opening it raises a ConnectorError."""

        def resolve(reference: str) -> str:
            raise ConnectorError(Reason.SECRET_NOT_FOUND, f"{reference} is not there.")

        async with sender:
            config = self.connector.config.model_validate(dict(sender.config), context={"resolve": resolve})
            if not sender.secrets:
                return
            try:
                self.connector.open(config, NAME)
            except ConnectorError:
                return
            broken("it opens without its secrets, so that nobody hears of it before the first request")

    @claim
    async def test_any_request_is_answered(self, sender: Sender) -> None:
        """Whatever bytes arrive, it returns records or raises a ConnectorError without secrets."""
        async with sender:
            receiver, good = self._opened(sender), sender.request(1)
            names = st.one_of(st.sampled_from([name for name, _ in good.headers]), _LATIN.map(str.lower))
            values = st.one_of(st.sampled_from([value for _, value in good.headers]), _LATIN)
            headers = st.lists(st.tuples(names, values), max_size=8).map(tuple)

            @_every_example
            @given(headers, st.binary(max_size=300))
            def any_request(headers: tuple[tuple[str, str], ...], body: bytes) -> None:
                _check_answer(sender, receiver, Request(good.method, good.path, headers, body, good.received_at))

            any_request()

    @claim
    async def test_any_change_of_a_good_request_is_answered(self, sender: Sender) -> None:
        """A good request with changed, cut or doubled bytes gives records or a ConnectorError, too."""
        async with sender:
            receiver, good = self._opened(sender), sender.request(1)

            @_every_example
            @given(st.integers(0, len(good.body)), st.binary(max_size=4), st.integers(0, 8), st.data())
            def any_change(at: int, put: bytes, cut: int, data: Any) -> None:
                body = good.body[:at] + put + good.body[at + cut :]
                kept = data.draw(st.lists(st.sampled_from(good.headers), max_size=len(good.headers) + 2))
                for headers in (good.headers, tuple(kept)):
                    _check_answer(sender, receiver, Request(good.method, good.path, headers, body, good.received_at))

            any_change()

    def _opened(self, sender: Sender) -> Receiver:
        return self.connector.open(validated(self.connector, sender), NAME)


def _received(receiver: Receiver, request: Request) -> Sequence[Record]:
    try:
        return records_of(receiver, request)
    except ConnectorError as error:
        broken(f"it refuses the test's good request: {error}")


def _check_answer(sender: Sender, receiver: Receiver, request: Request) -> None:
    try:
        records = records_of(receiver, request)
    except ConnectorError as error:
        hold(hides(sender, f"{error} {error.fix}"), f"the message of {error.reason} holds a secret")
        return
    except Exception as error:  # noqa: BLE001  any other error is what the claim is about
        broken(f"it raises {type(error).__name__} for the headers {request.headers} and the body {request.body!r}")
    for record in records:
        check_record(record)


@contextmanager
def _io() -> Iterator[list[str]]:
    """Collects what Python reports as I/O while the context lasts."""
    global _reported  # noqa: PLW0603  a hook cannot be taken away, so that it must know when to be silent
    _listen()
    done: list[str] = []
    _reported = done
    try:
        yield done
    finally:
        _reported = None


@cache
def _listen() -> None:
    def hear(event: str, _arguments: tuple[Any, ...]) -> None:
        if _reported is not None and event.startswith(_IO):
            _reported.append(event)

    sys.addaudithook(hear)
