"""Which records the messages of the log become, and where each stands."""

import pytest

from sources.postgres_cdc.changes import LARGE, Changes
from tests.unit.sources.postgres_cdc.messages import (
    TABLE_ID,
    UNCHANGED,
    begin,
    changes,
    commit,
    data,
    delete,
    heartbeat,
    insert,
    keepalive,
    relation,
    truncate,
    update,
)


def fed(made: Changes, *messages: bytes) -> list[tuple[str, int, int]]:
    """The op and the position of each record that is ready."""
    assert made.feed(messages, 0) == len(messages)
    return [
        (record.data["op"], record.data["position"]["lsn"], record.data["position"]["index"])
        for record in made.ready
        if isinstance(record.data, dict)
    ]


def test_the_changes_of_a_transaction_are_ready_at_its_commit() -> None:
    made = changes()

    before = fed(made, begin(10), insert(1, "a"), insert(2, None))
    after = fed(made, commit(10, 20))

    assert (before, after) == ([], [("c", 10, 1), ("c", 10, 2)])
    assert (made.ready_position, made.durable) == ((10, 2), 20)


def test_a_large_transaction_is_ready_in_parts_and_confirmed_at_its_end_only() -> None:
    made = changes()
    fed(made, begin(5), insert(0, "a"), commit(5, 8), begin(10), *[insert(number, "a") for number in range(LARGE)])

    made.hand_on()

    assert (len(made.ready), made.ready_position, made.durable) == (LARGE + 1, (10, LARGE), 8)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ((0, 0), [("c", 10, 1), ("c", 10, 2), ("c", 20, 1)]),
        ((10, 1), [("c", 10, 2), ("c", 20, 1)]),
        ((10, 2), [("c", 20, 1)]),
        ((15, 0), [("c", 20, 1)]),
        ((20, 1), []),
    ],
)
def test_what_the_checkpoint_is_behind_of_is_left_out(
    start: tuple[int, int], expected: list[tuple[str, int, int]]
) -> None:
    made = changes(*start)

    found = fed(
        made, begin(10), insert(1, "a"), insert(2, "a"), commit(10, 15), begin(20), insert(3, "a"), commit(20, 25)
    )

    assert found == expected
    assert made.durable == 25


def test_numbers_count_changes_of_tables_that_are_not_selected_too() -> None:
    made, other = changes(), changes()
    other.relations[b"\0\0\0\x07"] = None

    found = fed(made, begin(10), insert(1, "a"), delete(1, None), commit(10, 15))
    left_out = fed(other, begin(10), insert(1, "a"), delete(1, None), commit(10, 15))

    assert (found, left_out, other.durable) == ([("c", 10, 1), ("d", 10, 2)], [], 15)


def test_an_update_has_the_same_number_whether_the_key_changes_or_not() -> None:
    same = fed(changes(), begin(10), update((1, "b")), insert(5, "c"), commit(10, 15))
    moved = fed(changes(), begin(10), update((2, "b"), (1, None)), insert(5, "c"), commit(10, 15))

    assert same == [("u", 10, 2), ("c", 10, 3)]
    assert moved == [("d", 10, 1), ("c", 10, 2), ("c", 10, 3)]


def test_unchanged_values_are_named_or_taken_from_the_old_row() -> None:
    made = changes()

    fed(made, begin(10), update((1, UNCHANGED)), update((1, UNCHANGED), (1, "old"), b"O"), commit(10, 15))

    first, second = [record.data for record in made.ready]
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["after"], first["unchanged"]) == ({"id": 1, "a": None}, ["a"])
    assert (second["after"], second["unchanged"]) == ({"id": 1, "a": "old"}, [])


def test_a_moved_row_with_unchanged_values_waits_for_them() -> None:
    made = changes()
    messages = [begin(10), update((2, UNCHANGED), (1, None)), commit(10, 15)]

    stopped = made.feed(messages, 0)
    (missing,) = made.missing
    made.complete(missing, {"a": "looked up"}, {})
    made.missing = []
    made.feed(messages, stopped + 1)

    assert (stopped, missing.key, missing.unchanged) == (1, '{"id":2}', ["a"])
    created = made.ready[1].data
    assert isinstance(created, dict)
    assert (created["after"], created["unchanged"]) == ({"id": 2, "a": "looked up"}, [])


def test_a_truncation_is_a_record_of_each_table_that_is_selected() -> None:
    assert fed(changes(), begin(10), truncate(99, TABLE_ID), commit(10, 15)) == [("t", 10, 2)]


def test_a_relation_stops_the_feeding_so_that_it_can_be_looked_up() -> None:
    assert changes().feed([begin(10), relation(), insert(1, "a")], 0) == 1


def test_the_end_of_the_log_is_durable_between_transactions_only() -> None:
    made = changes()

    fed(made, keepalive(50))
    between = made.durable
    fed(made, begin(60), insert(1, "a"), keepalive(70, asks=True), heartbeat(80))
    within = made.durable
    fed(made, commit(60, 90), heartbeat(95))

    assert (between, within, made.durable, made.asks_reply) == (50, 50, 95, True)


def test_messages_of_no_concern_are_left_out() -> None:
    assert fed(changes(), data(b"Y\0\0\0\x01"), begin(10), data(b"O123456789"), insert(1, "a"), commit(10, 15)) == [
        ("c", 10, 1)
    ]


def test_ids_are_the_positions() -> None:
    made = changes()

    fed(made, begin(0x1F00000002), insert(1, "a"), insert(2, "a"), commit(0x1F00000002, 0x1F00000009))

    assert [record.id for record in made.ready] == ["1F00000002-1", "1F00000002-2"]
