"""When what Vault lends is renewed, and when it is replaced."""

import math

from router.security.lease import Term


def test_a_term_is_due_after_two_thirds_and_ends_by_itself() -> None:
    term = Term.of(100, 30, renewable=True)

    assert (term.due_at, term.ends_at) == (120, 130)


def test_a_term_of_no_seconds_never_ends() -> None:
    term = Term.of(100, 0, renewable=False)

    assert (term.due_at, term.ends_at) == (math.inf, math.inf)


def test_a_renewal_counts_from_when_it_was_asked_for() -> None:
    renewed = Term.of(100, 30, renewable=True).renewed(120, 30, renewable=True)

    assert (renewed.due_at, renewed.ends_at) == (140, 150)
    assert renewed.is_renewable


def test_a_renewal_that_a_maximum_cuts_short_is_the_last_one() -> None:
    renewed = Term.of(100, 30, renewable=True).renewed(120, 12, renewable=True)

    assert not renewed.is_renewable


def test_what_vault_calls_not_renewable_is_not_renewed() -> None:
    assert not Term.of(100, 30, renewable=False).is_renewable
