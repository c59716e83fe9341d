"""What a reference is worth now: the hot path of every secret in Vault."""

import math

import pytest

from router.api import ConnectorError, Reason
from router.security.lease import Lease, Term
from router.security.reader import Reading
from router.security.values import Values
from router.security.watched import Watched

CANARY = "Canary-4711"
USER, PASSWORD = "${vault:db/creds/app#username}", "${vault:db/creds/app#password}"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def leased(seconds: float) -> Watched:
    """Dynamic credentials that end after so many seconds."""
    reading = Reading(
        {"username": "app", "password": CANARY}, Lease("id", Term.of(0, seconds, renewable=True), token=1)
    )
    return Watched("db/creds/app", {USER: "username", PASSWORD: "password"}, reading)


def fault(values: Values, reference: str) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        values.get(reference)
    return caught.value


def test_a_dynamic_secret_is_not_given_out_after_its_end() -> None:
    clock = Clock()
    values = Values(clock)
    values.publish([leased(10)], lambda _: 10)

    clock.seconds = 9.9
    before = values.get(PASSWORD)
    clock.seconds = 10

    assert before == CANARY
    assert fault(values, PASSWORD).reason is Reason.SECRET_UNAVAILABLE
    assert values.missing() is Reason.SECRET_UNAVAILABLE


def test_why_it_could_not_be_renewed_is_told_after_its_end() -> None:
    clock, watched = Clock(), leased(10)
    watched.failed(ConnectorError(Reason.SECRET_UNAVAILABLE, "Vault is sealed."), 0)
    values = Values(clock)
    values.publish([watched], lambda _: 10)
    clock.seconds = 11

    error = fault(values, PASSWORD)

    assert "Vault is sealed." in error.message
    assert PASSWORD in error.message
    assert CANARY not in str(error)


def test_a_secret_without_a_lease_is_kept_while_vault_is_away() -> None:
    watched = Watched("kv/app", {USER: "username"}, Reading({"username": "app"}, None))
    watched.failed(ConnectorError(Reason.SECRET_UNAVAILABLE, "Vault is sealed."), 0)
    values = Values(Clock())
    values.publish([watched], lambda _: math.inf)

    assert values.get(USER) == "app"
    assert values.missing() is None


@pytest.mark.parametrize("reason", [Reason.SECRET_NOT_FOUND, Reason.PERMISSION_DENIED])
def test_a_secret_without_a_lease_is_dropped_when_vault_refuses_it(reason: Reason) -> None:
    watched = Watched("kv/app", {USER: "username"}, Reading({"username": CANARY}, None))
    watched.failed(ConnectorError(reason, "No."), 0)
    values = Values(Clock())
    values.publish([watched], lambda _: math.inf)

    assert fault(values, USER).reason is reason


def test_dynamic_credentials_are_kept_to_their_end_when_vault_refuses_others() -> None:
    watched = leased(10)
    watched.failed(ConnectorError(Reason.PERMISSION_DENIED, "No."), 0)
    values = Values(Clock())
    values.publish([watched], lambda _: 10)

    assert values.get(PASSWORD) == CANARY


def test_a_reference_that_nobody_asked_for_has_no_value() -> None:
    assert fault(Values(Clock()), USER).reason is Reason.SECRET_UNAVAILABLE


@pytest.mark.parametrize("value", [5, True, ["a"], {"a": "b"}, "x" * 70_000])
def test_a_field_that_is_no_text_is_refused_unseen(value: object) -> None:
    watched = Watched("kv/app", {USER: "username"}, Reading({"username": value}, None))
    values = Values(Clock())
    values.publish([watched], lambda _: math.inf)

    error = fault(values, USER)

    assert error.reason is Reason.SECRET_UNUSABLE
    assert len(str(error)) < 300
