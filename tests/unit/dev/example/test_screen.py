"""The screen: a picture in 80 columns on a terminal, and plain lines elsewhere."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from router.dev.example.books import show_balance
from router.dev.example.picture import WIDTH, picture
from router.dev.example.ports import USUAL, ExamplePorts, choose
from router.dev.example.screen import Screen
from tests.unit.dev.example.test_counts import RIGHT


def screen(*, terminal: bool) -> tuple[Screen, StringIO]:
    output = StringIO()
    return Screen(Console(file=output, force_terminal=terminal, width=WIDTH, highlight=False)), output


def test_the_picture_shows_every_number_and_fits_a_terminal() -> None:
    lines = picture(RIGHT).plain.splitlines()

    assert max(map(len, lines)) <= WIDTH
    for number in (
        "20",
        "16",
        "14",
        "10 rows",
        "13 accepted",
        "duplicates: 1",
        "1 were there before",
        "▼ 4 refused",
        "5 replayed",
        "1 dropped",
    ):
        assert any(number in line for line in lines), number


def test_every_box_is_as_wide_at_its_top_as_at_its_bottom() -> None:
    lines = picture(RIGHT).plain.splitlines()

    for top, bottom in ((0, 3), (4, 7)):
        for left, right in (("╭", "╰"), ("╮", "╯")):
            corners = [at for at, character in enumerate(lines[top]) if character == left]
            assert corners[-2:] == [at for at, character in enumerate(lines[bottom]) if character == right][-2:]


def test_the_picture_keeps_its_shape_with_the_longest_reason() -> None:
    reason = "TRANSACTION_OUTCOME_UNKNOWN"
    usual = picture(RIGHT).plain.splitlines()
    long = picture(replace(RIGHT, refused={reason: 999})).plain.splitlines()

    assert [line[40:] for line in long] == [line[40:] for line in usual]


def test_without_a_terminal_there_is_no_escape_sequence_and_every_equation_has_its_line() -> None:
    plain, output = screen(terminal=False)

    plain.step("Step", "A sentence.")
    plain.show(RIGHT)
    plain.settle(RIGHT)
    assert show_balance(plain, RIGHT, RIGHT)

    assert "\x1b" not in output.getvalue()
    assert output.getvalue().count(": closes\n") == 8


def test_on_a_terminal_a_line_to_be_copied_is_not_broken() -> None:
    live, output = screen(terminal=True)

    live.literally("x" * 200)

    assert "x" * 200 in output.getvalue()


def test_ports_that_are_taken_are_replaced_by_free_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = USUAL.postgres
    monkeypatch.setattr("router.dev.example.ports.is_free", lambda port: port != taken)

    chosen = choose({"ingress": None, "kafka": 29_092})

    assert chosen.kafka == 29_092
    assert chosen.postgres != taken
    assert chosen.registry == USUAL.registry
    assert len({getattr(chosen, name) for name in ExamplePorts.__slots__}) == 7
