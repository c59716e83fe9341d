"""Batches: what is read from a segment to be drained together."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from router.ingress.spool.entry import Entry, decode
from router.ingress.spool.frame import frame_at
from router.ingress.spool.mark import Place
from router.ingress.spool.segment import segment_path

_READ_BYTES = 1_048_576


class Batch(NamedTuple):
    """What is drained together. end: the place behind it. refused: frames whose content is another format's."""

    entries: Sequence[Entry]
    end: Place
    refused: Sequence[bytes] = ()


def read_batch(directory: Path, start: Place, size: int, max_events: int) -> Batch | None:
    """What begins at the place; None if that is damaged. size: of what is good in the segment. Raises OSError."""
    with segment_path(directory, start.segment).open("rb") as file:
        file.seek(start.offset)
        data = file.read(min(size - start.offset, _READ_BYTES))
        if frame_at(data, 0) is None:  # one larger than that, or damage
            data += file.read(size - start.offset - len(data))
    found: list[Entry] = []
    refused: list[bytes] = []
    end = 0
    while len(found) < max_events and (frame := frame_at(data, end)) is not None:
        try:
            found.append(decode(frame.payload))
        except ValueError:
            refused.append(frame.payload)
        end = frame.end
    return Batch(found, Place(start.segment, start.offset + end), refused) if end else None
