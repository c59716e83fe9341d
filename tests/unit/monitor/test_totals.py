"""Folding facts."""

from hypothesis import given
from hypothesis import strategies as st

from router.monitor.facts import Fact
from router.monitor.totals import Growth, Totals

NOW = 1_000_000.0


def fact(sequence: int, delivered: int, *, process: str = "p1", at: float = NOW, refused: int = 0) -> Fact:
    reasons = {"dead_lettered": {"TARGET_REJECTED": refused}}
    return Fact("orders", "sink", process, sequence, at, {"delivered": delivered}, reasons, "RUNNING", at, None)


def folded(facts: list[Fact]) -> tuple[Totals, list[Growth]]:
    totals, growths = Totals(), []
    for one in facts:
        totals, growth = totals.with_fact(one)
        growths.append(growth)
    return totals, growths


def test_a_fact_grows_by_what_its_process_has_done_since_the_last() -> None:
    totals, growths = folded([fact(1, 10), fact(2, 25, refused=2), fact(1, 4, process="p2")])

    assert growths == [Growth(10, 0), Growth(15, 2), Growth(4, 0)]
    assert totals.all_counters() == {"delivered": 29}
    assert totals.all_reasons() == {"dead_lettered": {"TARGET_REJECTED": 2}}


def test_what_nobody_watched_is_in_the_totals_but_in_no_window() -> None:
    totals, growths = folded([fact(700, 5_000), fact(701, 5_001)])

    assert growths == [Growth(0, 0), Growth(1, 0)]
    assert totals.all_counters() == {"delivered": 5_001}


def test_processes_that_are_long_gone_are_summed_up() -> None:
    totals, _ = folded([fact(1, 10, refused=1), fact(1, 5, process="p2", at=NOW + 86_401)])

    assert set(totals.processes) == {"p2"}
    assert totals.all_counters() == {"delivered": 15}
    assert totals.all_reasons() == {"dead_lettered": {"TARGET_REJECTED": 1}}


def test_a_crash_loop_does_not_make_the_totals_grow_without_end() -> None:
    totals, _ = folded([fact(1, 1, process=f"p{number}", at=NOW + number) for number in range(200)])

    assert len(totals.processes) == 50
    assert totals.all_counters() == {"delivered": 200}


@given(
    st.lists(st.tuples(st.sampled_from(["p1", "p2"]), st.integers(1, 8)), max_size=40),
)
def test_repeated_and_reordered_facts_change_nothing(order: list[tuple[str, int]]) -> None:
    totals, growths = folded([fact(sequence, sequence * 3, process=process) for process, sequence in order])

    highest = {name: max((number for one, number in order if one == name), default=0) for name in ("p1", "p2")}
    assert totals.all_counters().get("delivered", 0) == 3 * sum(highest.values())
    assert sum(growth.events for growth in growths) <= 3 * sum(highest.values())


def test_totals_survive_a_table() -> None:
    totals, _ = folded([fact(1, 10, refused=1)])

    assert Totals.parse(totals.document()) == totals
