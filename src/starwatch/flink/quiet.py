"""When a topic is quiet, and which time has come there then (architecture §5, "Quiet").

The rule is that of the embedded engine: once every partition has been silent for a second, the time
of the stream goes on with the clock, from the newest rating of each partition; the watermark is the
bound behind it. Flink hears of that by ticks, so it is told only when a window can end by it: once
for each end that is passed, and no more when the last window of the newest rating has ended.
"""

from collections.abc import Hashable
from dataclasses import dataclass

from starwatch.windows.job import Job
from starwatch.windows.spec import WindowSpec

IDLE_MS = 1_000
"""A partition is idle when it has been silent for so long."""


@dataclass(slots=True)
class _Partition:
    """What is known of one partition.

    Attributes:
        seen_ms: When its last rating was noticed, or itself, by our clock.
        top_ms: The largest `min(window time, arrival)` of its ratings; None before the first.
        newest_ms: No rating of it has a larger window time.
        told_ms: The time of its last tick.
    """

    seen_ms: int
    top_ms: int | None = None
    newest_ms: int = 0
    told_ms: int = 0


class Quiet:
    """The rule for one job; plain values, `now` and `at` are a clock that only goes forward.

    Args:
        job: The rules.
    """

    def __init__(self, job: Job) -> None:
        # configuration
        self._windows, self._bound_ms = job.windows, job.bound_ms
        # state
        self._partitions: dict[Hashable, _Partition] = {}

    def join(self, where: Hashable, at_ms: int) -> None:
        """A partition is there, and is silent from now on; one that was there before is as new."""
        self._partitions[where] = _Partition(seen_ms=at_ms)

    def rated(self, where: Hashable, at_ms: int, *, top_ms: int, newest_ms: int) -> None:
        """Ratings have come.

        Args:
            where: In which partition.
            at_ms: When that was noticed.
            top_ms: The largest `min(window time, arrival)` among them.
            newest_ms: The largest window time that any of them can have.
        """
        partition = self._partitions[where]
        partition.seen_ms = at_ms
        partition.top_ms = max(top_ms, partition.top_ms or top_ms)
        partition.newest_ms = max(newest_ms, partition.newest_ms)

    def ticked(self, where: Hashable, time_ms: int) -> None:
        """A tick is in a partition, whoever wrote it."""
        partition = self._partitions[where]
        partition.told_ms = max(time_ms, partition.told_ms)

    def due(self, now_ms: int) -> int | None:
        """The time that every partition is to be told of now; None where there is no need.

        It lies the bound behind an end of windows.
        """
        partitions = self._partitions.values()
        if any(now_ms - each.seen_ms < IDLE_MS for each in partitions):
            return None
        times = [p.top_ms + now_ms - p.seen_ms for p in partitions if p.top_ms is not None]
        if not times:
            return None
        watermark_ms = max(times) - self._bound_ms
        newest_ms = max(each.newest_ms for each in partitions)
        end_ms = max(
            min(end_before(spec, watermark_ms), last_end(spec, newest_ms)) for spec in self._windows
        )
        time_ms = end_ms + self._bound_ms
        return time_ms if time_ms > min(each.told_ms for each in partitions) else None


def end_before(spec: WindowSpec, time_ms: int) -> int:
    """The last end of a window up to a time."""
    return spec.end_ms(spec.last_end_at(time_ms))


def last_end(spec: WindowSpec, time_ms: int) -> int:
    """The end of the last window that holds a rating of a time."""
    return end_before(spec, time_ms) + spec.size_ms
