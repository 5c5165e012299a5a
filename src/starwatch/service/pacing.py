"""Real time for a virtual timeline."""

import time
from collections.abc import Callable
from math import floor

import numpy as np
from numpy.typing import NDArray

from starwatch.service.stop import Stop


class Pacing:
    """Says what is due of a timeline, and waits for the rest.

    Args:
        start_ms: The virtual time that is now.
        stop: Set when the run is to end; every wait ends with it.
        clock: Seconds that never go back.
        begin: When it is `start_ms`, by that clock; None: when it is asked for the first time.
    """

    def __init__(
        self,
        start_ms: int,
        stop: Stop,
        clock: Callable[[], float] = time.monotonic,
        *,
        begin: float | None = None,
    ) -> None:
        self._start_ms = start_ms
        self._stop = stop
        self._clock = clock
        self._begun = begin

    @property
    def now_ms(self) -> int:
        """The virtual time now; before `start_ms` where it has not begun."""
        if self._begun is None:
            self._begun = self._clock()
        return self._start_ms + floor((self._clock() - self._begun) * 1000)

    def due(self, arrival_ms: NDArray[np.int64]) -> int:
        """How many of these rising arrivals have come."""
        return int(np.searchsorted(arrival_ms, self.now_ms, "right"))

    def wait(self, until_ms: int, at_most_seconds: float) -> None:
        """Wait for a virtual moment, a while, or the end of the run, whichever comes first."""
        seconds = (until_ms - self.now_ms) / 1000
        if seconds > 0:
            self._stop.wait(min(seconds + 0.0005, at_most_seconds))


class NoPacing(Pacing):
    """Everything is due at once."""

    @property
    def now_ms(self) -> int:
        """The end of time."""
        return np.iinfo(np.int64).max
