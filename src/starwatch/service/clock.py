"""The one clock of a service (architecture §4)."""

import sys
import time


class Clock:
    """Wall time at the start, advanced by a clock that never goes back and counts sleep too.

    A wall clock that is set while the service runs moves nothing here.

    Args:
        not_before_ms: The last moment that was journalled; the clock starts there at the earliest,
            though the wall clock was set back meanwhile.
    """

    def __init__(self, not_before_ms: int | None = None) -> None:
        wall = _wall_ms()
        self._start_ms = max(wall, not_before_ms) if not_before_ms is not None else wall
        self._began = _steady_ns()

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        return self._start_ms + (_steady_ns() - self._began) // 1_000_000

    def ahead_ms(self) -> int:
        """How far it is ahead of the wall clock now; negative where it is behind."""
        return self.now_ms() - _wall_ms()


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _steady_ns() -> int:
    """Nanoseconds that go on while the machine is suspended.

    Else a service would be behind by all the time that a laptop slept, and refuse what is given
    after it as given in the future. Python's own monotonic clock stands still then on Linux and
    macOS; that of Windows does not.
    """
    if sys.platform == "linux":
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    elif sys.platform == "darwin":  # noqa: RET505 - mypy knows the platforms of such a chain alone
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    else:
        return time.monotonic_ns()
