"""Which path has an open request: while it has, its partition is not caught up (§5)."""

import time
from collections.abc import Callable, Sequence
from threading import Lock

from starwatch.ports import Door

_SETTLED_SECONDS = 0.02
"""A client that posts again within this time has not left, and nobody is told so."""


class Openings:
    """Counts open requests and tells the door; may be used from any thread.

    That a request opens is told at once; that none is open any more only when none came for a
    moment, for every telling is an entry in the journal.

    Args:
        paths: The paths that ratings are posted to.
        wake: Called when `settle` is to be called soon.
    """

    def __init__(self, paths: Sequence[str], wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = Lock()
        self._open = dict.fromkeys(paths, 0)
        self._closed_at = dict.fromkeys(paths, 0.0)
        self._caught_up = dict.fromkeys(paths, False)
        self._door: Door | None = None
        self._numbers: dict[str, int] = {}

    def begin(self, door: Door) -> None:
        """Connect; paths that nothing is posted to any more leave."""
        with self._lock:
            door.connected(value=True)
            for name, number in door.partitions().items():
                if name not in self._open:
                    door.leave(number)
            self._numbers = {path: door.partition(path) for path in self._open}
            self._caught_up = dict.fromkeys(self._open, False)
            self._door = door
        self.settle()

    def number(self, path: str) -> int:
        """The partition of a path."""
        return self._numbers[path]

    def opened(self, path: str) -> None:
        """A request has come."""
        with self._lock:
            self._open[path] += 1
            if self._caught_up[path] and self._door is not None:
                self._caught_up[path] = False
                self._door.caught_up(self._numbers[path], value=False)

    def closed(self, path: str) -> None:
        """It has been answered."""
        with self._lock:
            self._open[path] -= 1
            self._closed_at[path] = time.monotonic()
            last = not self._open[path]
        if last:
            self._wake()

    def settle(self) -> float | None:
        """Tell which paths have been without a request for a moment.

        Returns:
            In how many seconds there may be more to tell; None where there is nothing.
        """
        now, soonest = time.monotonic(), None
        with self._lock:
            for path, number in self._numbers.items():
                if self._caught_up[path] or self._open[path] or self._door is None:
                    continue
                left = self._closed_at[path] + _SETTLED_SECONDS - now
                if left > 0:
                    soonest = left if soonest is None else min(soonest, left)
                    continue
                self._caught_up[path] = True
                self._door.caught_up(number, value=True)
        return soonest
