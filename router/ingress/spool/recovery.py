"""Recovery: what a process that ended, however it ended, has left in its directory."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from router.ingress.spool.entry import Entry, decode
from router.ingress.spool.frame import count_behind, frames, is_torn
from router.ingress.spool.mark import Place
from router.ingress.spool.segment import segment_numbers, segment_path


class Damage(NamedTuple):
    """Bytes that are not whole frames. behind: how many whole frames there are behind them, which are not read."""

    segment: int
    offset: int
    size: int
    behind: int


@dataclass(slots=True)
class Recovered:
    """What can be drained, and what cannot.

    sizes: how much of each segment is good. torn: bytes of writes that had not ended, cut off: nobody was promised
    them. damaged: set aside once what is before it is drained.
    """

    sizes: dict[int, int] = field(default_factory=dict)
    torn_bytes: int = 0
    damaged: list[Damage] = field(default_factory=list)


def recover(directory: Path, mark: Place) -> Recovered:
    """Look through all segments from the mark on, cut off torn tails, delete what is drained. Raises OSError."""
    found = Recovered()
    for number in segment_numbers(directory):
        path = segment_path(directory, number)
        if number < mark.segment:
            path.unlink()
            continue
        data = path.read_bytes()
        good = whole_bytes(data)
        if good < len(data):
            if is_torn(data, good):
                os.truncate(path, good)
                found.torn_bytes += len(data) - good
            else:
                found.damaged.append(Damage(number, good, len(data) - good, count_behind(data, good)))
        found.sizes[number] = good
    return found


def whole_bytes(data: bytes) -> int:
    """How many bytes at the beginning are whole frames."""
    end = 0
    for frame in frames(data):
        end = frame.end
    return end


def entries(directory: Path, sizes: dict[int, int], mark: Place) -> Iterator[Entry]:
    """What is still to be drained, in order, one segment in memory at a time; without what cannot be decoded."""
    for number, size in sizes.items():
        data = segment_path(directory, number).read_bytes()[:size]
        for frame in frames(data, mark.offset if number == mark.segment else 0):
            try:
                yield decode(frame.payload)
            except ValueError:
                # The drainer finds it again, and sets it aside.
                continue
