"""Clocks of a machine that a test sets, in the place of the module `time` in `service.clock`."""

import time


class MachineTime:
    """The wall clock can be set, and the machine can sleep; all else is as it is."""

    def __init__(self):
        self._set_ns = self._slept_ns = 0

    def step(self, seconds):
        """Set the wall clock by so much; no other clock moves."""
        self._set_ns += int(seconds * 1e9)

    def sleep(self, seconds):
        """Suspend the machine: Python's monotonic clock stands still on Linux and macOS."""
        self._slept_ns += int(seconds * 1e9)

    def time_ns(self):
        return time.time_ns() + self._slept_ns + self._set_ns

    def clock_gettime_ns(self, clock):
        return time.clock_gettime_ns(clock) + self._slept_ns

    def __getattr__(self, name):
        return getattr(time, name)
