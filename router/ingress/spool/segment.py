"""Segments: the spool's files, numbered in the order in which they were written."""

import os
from contextlib import suppress
from pathlib import Path

SUFFIX = ".spool"
SET_ASIDE = ".corrupt"
_PROBE = "probe"
_PROBE_BYTES = 4_096


def segment_path(directory: Path, number: int) -> Path:
    """The file of a segment."""
    return directory / f"{number:016d}{SUFFIX}"


def segment_numbers(directory: Path) -> list[int]:
    """The segments that are there, in order."""
    return sorted(int(path.stem) for path in directory.glob(f"*{SUFFIX}") if path.stem.isdecimal())


def sync_directory(directory: Path) -> None:
    """Make what was created, renamed or deleted in the directory durable. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class SegmentWriter:
    """Appends to the newest segment, and begins another when that is full. For one thread."""

    def __init__(self, directory: Path, next_number: int, segment_bytes: int) -> None:
        self._directory = directory
        self._next = next_number
        self._segment_bytes = segment_bytes
        self._descriptor: int | None = None
        self._number = 0
        self._size = 0

    def commit(self, data: bytes) -> tuple[int, int]:
        """Append and make durable; the segment's number and its size by now. Raises OSError; then nothing is there."""
        descriptor = self._open(len(data))
        try:
            _write(descriptor, data)
        except OSError:
            # After a failed fsync nobody knows what is on the disk: this file is not written to again.
            with suppress(OSError):
                os.ftruncate(descriptor, self._size)
                if not self._size:
                    segment_path(self._directory, self._number).unlink()
            self.close()
            raise
        self._size += len(data)
        return self._number, self._size

    def discard(self, number: int, size: int, *, keep: bool) -> bool:
        """Delete a segment, unless more has been appended to it since. keep: set it aside, with all that is in it.

        Raises OSError.
        """
        if self._descriptor is not None and number == self._number:
            if self._size > size and not keep:
                return False
            self.close()
        path = segment_path(self._directory, number)
        if keep:
            path.rename(path.with_suffix(SET_ASIDE))
        else:
            path.unlink(missing_ok=True)
        sync_directory(self._directory)
        return True

    def probe(self) -> None:
        """Write a file beside the segments, make it durable and delete it. Raises OSError."""
        path = self._directory / _PROBE
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            _write(descriptor, bytes(_PROBE_BYTES))
        finally:
            os.close(descriptor)
            path.unlink()

    def close(self) -> None:
        """Write no more to the newest segment."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self, length: int) -> int:
        if self._descriptor is not None and (not self._size or self._size + length <= self._segment_bytes):
            return self._descriptor
        self.close()
        path = segment_path(self._directory, self._next)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._next += 1
        try:
            sync_directory(self._directory)
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor, self._number, self._size = descriptor, self._next - 1, 0
        return descriptor


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fdatasync(descriptor)
