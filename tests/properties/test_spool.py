"""Whatever is cut off or changed in a segment, recovery returns a prefix of whole records and reports the rest."""

import random
from pathlib import Path

import pytest

from router.api import Record
from router.ingress.spool.entry import Entry, decode, encode
from router.ingress.spool.frame import framed, frames
from router.ingress.spool.mark import START
from router.ingress.spool.recovery import entries, recover
from router.ingress.spool.segment import segment_path

CUTS = 1_000
FLIPS = 1_000


def written(chance: random.Random) -> tuple[list[Entry], bytes]:
    made = []
    for number in range(chance.randint(1, 20)):
        record = Record(id=f"e{number}", type="t", data=chance.randbytes(chance.randint(0, 60)), headers={"a": "ü"})
        made.append(Entry("hooks", "t.v1", b"k%d" % (number % 3), None, 1.0, record))
    return made, b"".join([framed(encode(entry)) for entry in made])


@pytest.mark.parametrize("seed", range(10))
def test_a_cut_at_any_byte_leaves_a_prefix_of_whole_records(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311  to be repeated
    for _ in range(CUTS // 10):
        made, data = written(chance)
        cut = chance.randrange(len(data) + 1)
        segment_path(tmp_path, 1).write_bytes(data[:cut])

        found = recover(tmp_path, START)
        read = list(entries(tmp_path, found.sizes, START))

        assert read == made[: len(read)]
        assert found.sizes[1] + found.torn_bytes == cut
        assert len(read) == sum(frame.end <= cut for frame in frames(data))
        assert not found.damaged
        assert segment_path(tmp_path, 1).stat().st_size == found.sizes[1]


@pytest.mark.parametrize("seed", range(10))
def test_a_flipped_bit_is_never_read_and_the_rest_is_reported(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311  to be repeated
    for _ in range(FLIPS // 10):
        made, data = written(chance)
        place = chance.randrange(len(data))
        changed = bytearray(data)
        changed[place] ^= 1 << chance.randrange(8)
        segment_path(tmp_path, 1).write_bytes(changed)

        found = recover(tmp_path, START)
        read = list(entries(tmp_path, found.sizes, START))

        assert read == made[: len(read)]
        assert len(read) == sum(frame.end <= place for frame in frames(data))
        assert found.sizes[1] + found.torn_bytes + sum(damage.size for damage in found.damaged) == len(data)
        behind = sum(damage.behind for damage in found.damaged)
        assert behind == len(made) - len(read) - 1


def test_an_entry_is_read_as_it_was_written() -> None:
    chance = random.Random(0)  # noqa: S311  to be repeated
    made, _ = written(chance)

    assert [decode(encode(entry)) for entry in made] == made
