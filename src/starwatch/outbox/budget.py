"""How much of the outbox waits for whom, and how much may."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from threading import Lock

BACKLOG_BYTES = 2_000_000_000
"""What may wait for sinks that are away: little of a disk, and a hundred million rows in large
commits, or a million commits of one row."""


class Backlog:
    """The sizes of what the outbox holds; asked from any thread, changed by one.

    Args:
        blobs: For each blob the number behind its last window row, and its bytes; in order.
        most: Bytes that may wait for a sink; None for any amount.
    """

    def __init__(self, blobs: Iterable[tuple[int, int]], most: int | None = BACKLOG_BYTES) -> None:
        self._most = most
        self._ends: list[int] = []
        self._sums = [0]  # bytes before each blob, and behind the last one
        self._lock = Lock()
        for end, size in blobs:
            self.add(end, size)

    def add(self, end: int, size: int) -> None:
        """A commit has put a blob into the outbox."""
        with self._lock:
            self._ends.append(end)
            self._sums.append(self._sums[-1] + size)

    def keep_from(self, done: int) -> int:
        """From which window row on the outbox is to be kept; forgets what lies before.

        Args:
            done: Rows before this number nobody waits for.

        Returns:
            That number, or a later one where more than may wait stands behind it. The newest blob
            is kept, however large.
        """
        with self._lock:
            first = bisect_right(self._ends, done)
            if self._most is not None:
                over = bisect_left(self._sums, self._sums[-1] - self._most)
                over = min(over, max(len(self._ends) - 1, 0))
                if over > first:
                    first, done = over, self._ends[over - 1]
            del self._ends[:first], self._sums[:first]
            return done

    def behind(self, rows: int) -> int:
        """How many bytes wait for a sink that holds so many rows; a blob counts as a whole."""
        with self._lock:
            return self._sums[-1] - self._sums[bisect_right(self._ends, rows)]
