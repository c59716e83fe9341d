"""How far a partition is done when its records finish in any order."""

from collections import deque


class Progress:
    """The watermark of a partition: everything before `next_offset` is delivered or dead-lettered.

    Offsets have gaps (transaction markers, aborted and compacted records), so the watermark follows the records
    that were given, not the numbers between them.
    """

    def __init__(self) -> None:
        self._open: deque[int] = deque()
        self._done: set[int] = set()
        self.next_offset: int | None = None

    def begin(self, offset: int) -> None:
        """A record is given; offsets only grow."""
        self._open.append(offset)

    def finish(self, offset: int) -> None:
        """A record that was given is done."""
        if self._open and self._open[0] == offset:
            self._open.popleft()
            self.next_offset = offset + 1
            self._advance()
        else:
            self._done.add(offset)

    def _advance(self) -> None:
        while self._done and self._open and self._open[0] in self._done:
            offset = self._open.popleft()
            self._done.remove(offset)
            self.next_offset = offset + 1

    @property
    def in_flight(self) -> int:
        """How many records were given and are not done."""
        return len(self._open) - len(self._done)
