"""When ratings came: how many a second, and the newest."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.admission.ledger import Class
from starwatch.ratings.batch import NO_TIME
from starwatch.windows.job import Job, WindowTime

_SECOND_MS = 1_000
_SECONDS = 10
"""Over how long a rate goes: long enough to stand still, short enough to move."""


class Arrivals:
    """Counts ratings by the second of their arrival.

    Attributes:
        newest_ms: When the newest one arrived; None before the first.
        top_ms: The newest window time that moved the watermark, as in the engine.
    """

    def __init__(self) -> None:
        self.newest_ms: int | None = None
        self.top_ms: int | None = None
        self._counts: dict[int, int] = {}

    def take(self, ratings: pa.RecordBatch, job: Job) -> None:
        """Count journalled ratings."""
        if not len(ratings):
            return
        self._count(ratings["arrival_ms"].to_numpy())
        moved = ratings["class"].to_numpy() != Class.REJECTED
        if moved.any():
            self._move(int(_moves(ratings, job)[moved].max()))

    def add(self, later: "Arrivals") -> None:
        """Count what others counted that came behind."""
        if later.newest_ms is None:
            return
        if later.top_ms is not None:
            self._move(later.top_ms)
        for second, count in later._counts.items():  # noqa: SLF001 - of its own kind
            self._counts[second] = self._counts.get(second, 0) + count
        self._reach(later.newest_ms)

    def rate(self, now_ms: int | None, caught_up_ms: int | None = None) -> float | None:
        """Ratings a second, over the last ten.

        Args:
            now_ms: The clock that arrivals go by; None: the newest one is now.
            caught_up_ms: What arrived up to the end of this second had waited, and does not count;
                None: nothing had.

        Returns:
            None for the first second behind that: too little has come to tell.
        """
        if self.newest_ms is None:
            return 0.0
        newest = self.newest_ms if now_ms is None else max(now_ms, self.newest_ms)
        last = newest // _SECOND_MS
        first = last - _SECONDS + 1
        if caught_up_ms is not None:
            first = max(first, caught_up_ms // _SECOND_MS + 1)
        if last <= first:
            return None
        counted = (self._counts.get(second, 0) for second in range(first, last + 1))
        return sum(counted) / ((newest + 1) / _SECOND_MS - first)

    def _count(self, arrival: NDArray[np.int64]) -> None:
        seconds, counts = np.unique(arrival // _SECOND_MS, return_counts=True)
        for second, count in zip(seconds.tolist(), counts.tolist(), strict=True):
            self._counts[second] = self._counts.get(second, 0) + count
        self._reach(int(arrival.max()))

    def _move(self, top_ms: int) -> None:
        self.top_ms = top_ms if self.top_ms is None else max(self.top_ms, top_ms)

    def _reach(self, newest_ms: int) -> None:
        """Let go what no rate reaches back to."""
        self.newest_ms = newest_ms if self.newest_ms is None else max(self.newest_ms, newest_ms)
        oldest = self.newest_ms // _SECOND_MS - 2 * _SECONDS
        for second in [second for second in self._counts if second < oldest]:
            del self._counts[second]


def _moves(ratings: pa.RecordBatch, job: Job) -> NDArray[np.int64]:
    """What of each rating moves the watermark (`starwatch.engine`)."""
    arrival: NDArray[np.int64] = ratings["arrival_ms"].to_numpy()
    if job.time is WindowTime.ARRIVAL:
        return arrival
    event: NDArray[np.int64] = ratings["event_ms"].to_numpy()
    times = np.where(event == NO_TIME, arrival, event)
    return np.minimum(times, arrival) if job.live else times
