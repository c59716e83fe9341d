"""The memory of delivered keys: a dictionary with a window."""

import os
import struct

from hypothesis import given
from hypothesis import strategies as st

from router.delivery.delivered_keys import ENTRY_BYTES, NO_BODY, DeliveredKeys, Fingerprint, KeyTable

HOUR = 3_600.0


def entry(number: int, body: int = 0) -> bytes:
    return struct.pack("<IQI", number * 2_654_435_761 % 2**32, number, 7) + body.to_bytes(8, "little")


def test_every_key_of_a_table_that_has_grown_is_found_with_its_body() -> None:
    table = KeyTable()
    entries = [entry(number, number + 1) for number in range(20_000)]

    table.extend(b"".join(entries))

    assert table.count == 20_000
    assert all(table.find(one[:16]) == one[16:] for one in entries)
    assert table.find(entry(20_000)[:16]) is None


def test_keys_of_one_bucket_are_told_apart() -> None:
    table = KeyTable()
    entries = [bytes(4) + bytes([number]) * 20 for number in range(200)]

    table.extend(b"".join(entries))

    assert all(table.find(one[:16]) == one[16:] for one in entries)


def test_what_looks_like_a_key_across_two_entries_is_none() -> None:
    table = KeyTable()
    first, second = bytes(4) + b"a" * 20, bytes(4) + b"b" * 20
    table.extend(first + second)

    across = (first + second)[20:36]

    assert across[:4] != bytes(4) or table.find(across) is None
    assert table.find(bytes(4) + b"a" * 12) == b"a" * 8


def test_a_key_is_kept_for_the_window_and_forgotten_after_one_and_a_half() -> None:
    keys = DeliveredKeys(10 * HOUR, 1_000)
    keys.add(entry(1, 5), 0.0)

    keys.add(entry(2), 9.9 * HOUR)
    within = keys.body(entry(1)[:16])
    keys.add(entry(3), 15.5 * HOUR)

    assert within == (5).to_bytes(8, "little")
    assert keys.body(entry(1)[:16]) is None
    assert keys.body(entry(2)[:16]) == NO_BODY


def test_no_more_keys_are_kept_than_the_capacity_and_the_newest_two_thirds_stay() -> None:
    keys = DeliveredKeys(HOUR, 300)

    for number in range(5_000):
        keys.add(entry(number), 0.0)
        assert len(keys) <= 300

    assert all(keys.body(entry(number)[:16]) is not None for number in range(4_800, 5_000))


def test_a_key_takes_about_thirty_bytes() -> None:
    keys = DeliveredKeys(HOUR, 10**9)

    for _ in range(20):
        keys.add(os.urandom(ENTRY_BYTES * 10_000), 0.0)

    assert keys.size_bytes / len(keys) < 34


def test_only_bytes_have_a_body() -> None:
    assert Fingerprint.of("k", {"a": 1}) == Fingerprint.of("k", None)
    assert Fingerprint.of("k", b"a") != Fingerprint.of("k", b"b")
    assert Fingerprint.of("k", b"a").key != Fingerprint.of("K", b"a").key


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40),
            st.integers(0, 2**64 - 1),
            st.floats(0, 40, allow_nan=False),
        ),
        max_size=200,
    )
)
def test_the_memory_is_a_dictionary_for_the_window(steps: list[tuple[int, int, float]]) -> None:
    keys = DeliveredKeys(50.0, 10_000)
    model: dict[bytes, tuple[bytes, float]] = {}
    now = 0.0
    for number, body, pause in steps:
        now += pause
        one = entry(number, body)
        key = one[:16]
        if keys.body(key) is None:
            assert key not in model or now - model[key][1] >= 50.0
            keys.add(one, now)
            model[key] = (one[16:], now)

        assert keys.body(key) == model[key][0]


@given(st.lists(st.binary(min_size=24, max_size=24), max_size=300, unique_by=lambda one: one[:16]), st.integers(1, 9))
def test_a_memory_rebuilt_from_its_entries_is_the_same(entries: list[bytes], piece: int) -> None:
    live, rebuilt = DeliveredKeys(HOUR, 10_000), DeliveredKeys(HOUR, 10_000)
    for one in entries:
        live.add(one, 0.0)

    for start in range(0, len(entries), piece):
        rebuilt.add(b"".join(entries[start : start + piece]), 1.0)

    assert [rebuilt.body(one[:16]) for one in entries] == [live.body(one[:16]) for one in entries]
    assert len(rebuilt) == len(live)
