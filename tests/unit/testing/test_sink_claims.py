"""The suite finds a sink that does not keep what it declares, and holds an honest one for what it is."""

from pathlib import Path

import pytest

from router.api import SinkConnector
from router.testing.conformance import claim
from router.testing.conformance.exactly_once import ExactlyOnceClaims
from tests.unit.testing import file_sinks
from tests.unit.testing.sinks_with_flaws import Memory, Store, connector

FLAWS = {
    "has an odd name": ("declares_itself", "Memory!"),
    "can be changed": ("configuration_is_frozen", "not frozen"),
    "takes any setting": ("unknown_settings_are_refused", "any setting"),
    "takes secrets in the clear": ("written_out_secrets_are_refused", "type Secret"),
    "loses the last": ("every_event_arrives", "have not arrived"),
    "turns the order": ("every_event_arrives", "after a later event of the same key"),
    "raises what it likes": ("any_event_is_taken_or_refused", "stops the sink for good"),
    "connects in secret": ("connects_only_where_it_declares", "it connects to 127.0.0.1:"),
    "leaves a task": ("leaves_nothing_behind", "the task left"),
    "says that all arrived": ("target_that_is_away_is_waited_for", "accepted by a target that is away"),
    "gives up too soon": ("target_that_is_away_is_waited_for", "TARGET_REJECTED"),
    "tells its secret": ("target_that_is_away_is_waited_for", "holds a secret"),
    "goes on when cancelled": ("cancelled_write_can_be_repeated", "after it was cancelled"),
    "is better than it says": ("guarantee_is_what_it_does", "declares at_least_once"),
    "forgets its position": ("position_is_kept_with_its_effects", "its position is None"),
    "takes a batch again": ("replayed_batch_is_refused", "could be doubled"),
    "does not fence": ("stale_owner_is_refused", "previous owner's write"),
    "does not move over nothing": ("empty_batch_moves_the_position", "should be 40"),
    "shares positions between sinks": ("positions_do_not_mix", "should be None"),
    "refuses when half is done": ("refused_batch_moves_nothing", "should be None"),
}
KILLED = "test_killed_at_work_neither_loses_nor_doubles"
"""What a sink in memory cannot be asked: it goes with its process."""

CLAIMS = sorted(name for name in dir(ExactlyOnceClaims) if name.startswith("test_") and name != KILLED)


def hold(name: str, flaw: str) -> None:
    """Try one claim of the sink with this flaw."""
    store = Store()
    claims = type("Claims", (ExactlyOnceClaims,), {"connector": connector(store, flaw)})()
    test, needs_target = getattr(claims, name), name not in ("test_declares_itself", "test_declares_exactly_once")
    test(Memory(store)) if needs_target else test()


@pytest.mark.parametrize("name", CLAIMS)
def test_an_honest_sink_keeps_every_claim(name: str) -> None:
    hold(name, "")


def hold_killed(sink: SinkConnector, directory: Path) -> None:
    claims = type("Claims", (ExactlyOnceClaims,), {"connector": sink})()
    getattr(claims, KILLED)(file_sinks.FileTarget(directory))


def test_an_honest_sink_may_be_killed_at_work(tmp_path: Path) -> None:
    hold_killed(file_sinks.honest, tmp_path)


@pytest.mark.parametrize(
    ("sink", "reason"),
    [(file_sinks.position_first, "have not arrived"), (file_sinks.position_last, "have arrived more than once")],
)
def test_a_sink_whose_position_does_not_move_with_its_effects_is_found_out(
    sink: SinkConnector, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(pytest.fail.Exception, match=reason):
        hold_killed(sink, tmp_path)


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_sink_with_a_flaw_breaks_the_claim(flaw: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim, "PROMPT_SECONDS", 0.2)
    monkeypatch.setattr("router.testing.conformance.remains._WAIT_SECONDS", 0.2)
    name, reason = FLAWS[flaw]

    with pytest.raises(pytest.fail.Exception) as broken:
        hold(f"test_{name}", flaw)

    assert reason in str(broken.value)
