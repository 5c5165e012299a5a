"""The one clock of a service (architecture §4)."""

import time


class Clock:
    """Wall time at the start, advanced by the monotonic clock: it never goes back.

    Args:
        not_before_ms: The last moment that was journalled; the clock starts there at the earliest,
            though the wall clock was set back meanwhile.
    """

    def __init__(self, not_before_ms: int | None = None) -> None:
        wall = time.time_ns() // 1_000_000
        self._start_ms = max(wall, not_before_ms) if not_before_ms is not None else wall
        self._began = time.monotonic_ns()

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        return self._start_ms + (time.monotonic_ns() - self._began) // 1_000_000
