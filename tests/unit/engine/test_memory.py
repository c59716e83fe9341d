"""What an engine remembers."""

from hypothesis import given
from hypothesis import strategies as st

from router.engine.memory import Memory


def test_a_key_is_remembered_for_its_time_only() -> None:
    memory = Memory({}, "0:", limit=10, seconds=60)

    memory.add("a", now=1_000)

    assert memory.has("a", now=1_059)
    assert not memory.has("a", now=1_060)
    assert not memory.has("b", now=1_000)


def test_the_oldest_key_makes_room_and_leaves_the_table_too() -> None:
    table: dict[str, float] = {}
    memory = Memory(table, "0:", limit=2, seconds=60)

    for second, key in enumerate("abc"):
        memory.add(key, now=second)

    assert table == {"0:b": 1, "0:c": 2}
    assert not memory.has("a", now=3)


def test_what_the_table_holds_of_the_partition_is_remembered() -> None:
    memory = Memory({"0:new": 5.0, "0:old": 1.0, "10:other": 3.0}, "0:", limit=2, seconds=60)

    memory.add("newest", now=6)

    assert memory.has("new", now=7)
    assert not memory.has("old", now=7)
    assert not memory.has("other", now=7)


@given(keys=st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 30))), limit=st.integers(1, 4))
def test_memory_and_table_never_hold_more_than_the_limit_nor_differ(keys: list[tuple[str, float]], limit: int) -> None:
    table: dict[str, float] = {}
    memory = Memory(table, "3:", limit, seconds=40)
    now = 0.0

    for key, pause in keys:
        now += pause
        memory.add(key, now)
        assert memory.has(key, now)
        assert len(memory) == len(table) <= limit
        assert all(now - at < 40 for at in table.values())
