"""The mark: up to where the spool is drained.

It is overwritten in place, and not synchronised: one that is lost or torn is none, or an older one, and costs
repetitions only.
"""

import os
from pathlib import Path
from struct import Struct
from typing import NamedTuple
from zlib import crc32

_PLACE = Struct(">QQ")
_CHECKSUM = Struct(">I")


class Place(NamedTuple):
    """A place in the spool: the number of a segment, and an offset in it."""

    segment: int
    offset: int


START = Place(0, 0)


class Mark:
    """The file of the mark."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Place:
        """Where the last one said; START if it cannot be read."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return START
        place = data[: _PLACE.size]
        if len(data) != _PLACE.size + _CHECKSUM.size or _CHECKSUM.pack(crc32(place)) != data[_PLACE.size :]:
            return START
        return Place(*_PLACE.unpack(place))

    def write(self, place: Place) -> None:
        """Everything before the place is drained. Raises OSError."""
        data = _PLACE.pack(*place)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, data + _CHECKSUM.pack(crc32(data)), 0)
        finally:
            os.close(descriptor)
