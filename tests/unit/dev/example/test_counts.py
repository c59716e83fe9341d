"""The balance says of every miscount that it does not close, however small it is."""

from dataclasses import replace

import pytest

from router.dev.example.counts import Counts, Line, SinkCounts, balance, closes, ways

RIGHT = Counts(
    posted=20,
    accepted=16,
    refused={"SIGNATURE_MISMATCH": 3, "SIGNATURE_MISSING": 1},
    repeated=1,
    dropped=1,
    on_topics=14,
    copies=1,
    sinks={"Postgres": SinkCounts(10, 3, 0), "HTTP": SinkCounts(13, 0, 5)},
)


def test_what_adds_up_closes() -> None:
    assert closes(RIGHT)
    assert [str(line) for line in balance(RIGHT)] == [
        "Postgres: 15 = 10 delivered + 2 duplicates + 3 dead-lettered: closes",
        "HTTP: 15 = 13 delivered + 2 duplicates + 0 dead-lettered: closes",
    ]


@pytest.mark.parametrize("change", [-1, 1])
@pytest.mark.parametrize("field", ["posted", "accepted", "repeated", "dropped", "on_topics", "copies"])
def test_a_count_that_is_off_by_one_does_not_close(field: str, change: int) -> None:
    wrong = replace(RIGHT, **{field: getattr(RIGHT, field) + change})

    assert not closes(wrong)


@pytest.mark.parametrize("sink", ["Postgres", "HTTP"])
@pytest.mark.parametrize("field", ["delivered", "dead_lettered"])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_sink_that_is_off_by_one_does_not_close_and_its_line_says_so(sink: str, field: str, change: int) -> None:
    right = RIGHT.sinks[sink]
    wrong = replace(RIGHT, sinks={**RIGHT.sinks, sink: replace(right, **{field: getattr(right, field) + change})})

    assert not closes(wrong)
    assert {line.name: line.closes for line in balance(wrong)} == {name: name != sink for name in RIGHT.sinks}
    assert sum(str(line).endswith("DOES NOT CLOSE") for line in balance(wrong)) == 1


@pytest.mark.parametrize("change", [-1, 1])
def test_a_refusal_too_many_or_too_few_does_not_close(change: int) -> None:
    wrong = replace(RIGHT, refused={"SIGNATURE_MISMATCH": 4 + change})

    assert [line.closes for line in ways(wrong)] == [False, True]


def test_an_equation_that_fails_does_not_show_an_equals_sign() -> None:
    assert str(Line("x", 3, {"a": 1, "b": 1})) == "x: 3 ≠ 1 a + 1 b: DOES NOT CLOSE"
