"""Frames: how an entry stands in a file, so that a torn or damaged one is never read as good."""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple
from zlib import crc32

MAGIC = b"SPL\x01"
"""The last byte is the format's version."""

_HEAD = Struct(">4sII")
_LENGTH = Struct(">I")
HEAD_BYTES = _HEAD.size


class Frame(NamedTuple):
    """A whole frame. end: the offset of the byte behind it."""

    payload: bytes
    end: int


def framed(payload: bytes) -> bytes:
    """The frame: a magic, the payload's length, a CRC-32 of length and payload, the payload."""
    return _HEAD.pack(MAGIC, len(payload), _checksum(payload)) + payload


def frame_at(data: bytes, offset: int) -> Frame | None:
    """The frame that begins there; None if there is no whole one."""
    if offset + HEAD_BYTES > len(data):
        return None
    magic, length, checksum = _HEAD.unpack_from(data, offset)
    end = offset + HEAD_BYTES + length
    if magic != MAGIC or end > len(data):
        return None
    payload = data[offset + HEAD_BYTES : end]
    return Frame(payload, end) if _checksum(payload) == checksum else None


def frames(data: bytes, offset: int = 0) -> Iterator[Frame]:
    """The whole frames from there on, up to the first that is not."""
    while (frame := frame_at(data, offset)) is not None:
        yield frame
        offset = frame.end


def is_torn(data: bytes, offset: int) -> bool:
    """Whether what begins there is what an interrupted write leaves: the beginning of one frame, or zeros."""
    rest = data[offset:]
    if not rest.strip(b"\0"):
        return True
    if len(rest) < HEAD_BYTES:
        return MAGIC.startswith(rest[: len(MAGIC)])
    magic, length, _ = _HEAD.unpack_from(rest)
    return magic == MAGIC and HEAD_BYTES + length > len(rest) and not count_behind(data, offset)


def count_behind(data: bytes, offset: int) -> int:
    """How many whole frames are behind the damage at the offset."""
    count = 0
    place = data.find(MAGIC, offset + 1)
    while place >= 0:
        frame = frame_at(data, place)
        count += frame is not None
        place = data.find(MAGIC, place + 1 if frame is None else frame.end)
    return count


def _checksum(payload: bytes) -> int:
    return crc32(payload, crc32(_LENGTH.pack(len(payload))))
