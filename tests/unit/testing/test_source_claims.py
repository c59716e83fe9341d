"""The suite finds a source that does not keep what it declares, and holds an honest one for what it is."""

import pytest

from router.testing.conformance.source import SourceClaims
from tests.unit.testing.sources_with_flaws import Memory, Rows, connector

FLAWS = {
    "checkpoints first": ("no_kill_loses_or_repeats", "has read"),
    "checkpoints later": ("no_kill_loses_or_repeats", "came twice"),
    "keeps a position of its own": ("no_kill_loses_or_repeats", "has read"),
    "gives new ids each time": ("no_kill_loses_or_repeats", "other ids"),
    "swallows errors": ("no_kill_loses_or_repeats", "does not come out of it"),
    "checkpoints what is no JSON": ("everything_is_read", "when it is read again"),
    "has no type": ("records_can_be_published", "has no type"),
    "has naive times": ("records_can_be_published", "without a time zone"),
    "does not fit its schema": ("records_can_be_published", "would be a dead letter"),
    "has another schema": ("records_can_be_published", "discover does not give"),
    "changes the origin by looking": ("looking_changes_nothing", "check changes the origin"),
    "checks nothing": ("origin_that_is_away_is_told", "check finds nothing wrong"),
    "reads what is away": ("origin_that_is_away_is_told", "run returns"),
    "declares an odd host": ("connects_only_where_it_declares", "host:port"),
    "starts a thread of its own": ("leaves_nothing_behind", "the task left"),
    "returns though it streams": ("returns_or_streams_as_declared", "returns"),
    "backfills new ids": ("backfill_has_the_ids_of_run", "gives an id that run does not"),
}
CLAIMS = sorted(name for name in dir(SourceClaims) if name.startswith("test_"))


def hold(name: str, flaw: str) -> None:
    """Try one claim of the source with this flaw."""
    rows = Rows()
    claims = type("Claims", (SourceClaims,), {"connector": connector(rows, flaw)})()
    test = getattr(claims, name)
    test() if name == "test_declares_itself" else test(Memory(rows))


@pytest.mark.parametrize("name", CLAIMS)
def test_an_honest_source_keeps_every_claim(name: str) -> None:
    hold(name, "")


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_source_with_a_flaw_breaks_the_claim(flaw: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.testing.conformance.remains._WAIT_SECONDS", 0.2)
    name, reason = FLAWS[flaw]

    with pytest.raises(pytest.fail.Exception) as broken:
        hold(f"test_{name}", flaw)

    assert reason in str(broken.value)
