"""Partitions, the clock and the watermark (§5)."""

from dataclasses import dataclass

from model.values import INFINITY
from starwatch.windows.job import Job, Quiet

IDLE_AFTER_MS = 1_000
GONE_AFTER_MS = 60_000


@dataclass
class Partition:
    """One partition: what was told about it, and what its ratings set."""

    caught_up: bool
    disconnected_since: int | None = None
    restored: bool = False  # since the last rating or the last catching up
    top: int | None = None
    seen: int | None = None

    def in_minimum(self, now: int) -> bool:
        """Whether it counts at all: one that is long disconnected does not."""
        since = self.disconnected_since
        return since is None or now - since <= GONE_AFTER_MS

    def idle(self, now: int) -> bool:
        """Whether nothing more is to be expected of it just now."""
        if self.disconnected_since is not None or not self.caught_up:
            return False
        return self.seen is None or now - self.seen >= IDLE_AFTER_MS


class Clock:
    """The clock, the partitions and the watermark that follows from both."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.partitions: dict[int, Partition] = {}
        self.now: int | None = None
        self.watermark: int | None = None
        self.largest_top: int | None = None

    def join(self, number: int, *, caught_up: bool) -> None:
        if number in self.partitions:
            raise ValueError(f"partition {number} has joined already")
        self.partitions[number] = Partition(caught_up)

    def tick(self, now: int) -> None:
        """The clock goes on; it never goes back."""
        self.now = now if self.now is None else max(self.now, now)
        self.settle()

    def rated(self, number: int, window_time: int, arrival: int) -> None:
        """A rating that is not rejected moves `top` and `seen`, and the watermark after them."""
        partition = self.partitions[number]
        reach = min(window_time, arrival) if self.job.live else window_time
        partition.top = reach if partition.top is None else max(partition.top, reach)
        partition.seen = self.now
        partition.restored = False
        if self.largest_top is None or reach > self.largest_top:
            self.largest_top = reach
        self.settle()

    def caught_up(self, number: int, *, value: bool) -> None:
        """Told whether it has read all there is; after a restore `seen` is this moment."""
        partition = self.partitions[number]
        partition.caught_up = value
        if value and partition.restored:
            partition.restored = False
            if partition.seen is not None:
                partition.seen = self.now
        self.settle()

    def connected(self, number: int, *, value: bool) -> None:
        """Told whether its source is there; one that comes back is not caught up until told."""
        partition = self.partitions[number]
        if value and partition.disconnected_since is not None:
            partition.disconnected_since = None
            partition.caught_up = False
        elif not value and partition.disconnected_since is None:
            partition.disconnected_since = self.now
        self.settle()

    def leave(self, number: int) -> None:
        del self.partitions[number]
        self.settle()

    def restart(self) -> None:
        """A partition that is being restored is not caught up until told."""
        for partition in self.partitions.values():
            partition.caught_up = False
            partition.restored = True

    def finish(self) -> None:
        self.watermark = INFINITY

    def settle(self) -> None:
        """Move the watermark where the rules want it; it never goes back."""
        wanted = self.wanted()
        if wanted is not None and (self.watermark is None or wanted > self.watermark):
            self.watermark = wanted

    def wanted(self) -> int | None:
        """The watermark by the rules of §5 alone; None where they do not say."""
        now = self.now
        if now is None:
            return None
        members = [p for p in self.partitions.values() if p.in_minimum(now)]
        awake = [p for p in members if not p.idle(now)]
        if awake:
            tops = [p.top for p in awake if p.top is not None]
            return min(tops) - self.job.bound_ms if len(tops) == len(awake) else None
        if self.job.quiet is Quiet.WAIT:
            return None
        return max((self.by_clock(p, now) for p in members if p.top is not None), default=None)

    def by_clock(self, partition: Partition, now: int) -> int:
        """How far a quiet partition would have come, had its ratings gone on."""
        assert partition.top is not None
        assert partition.seen is not None
        return partition.top - self.job.bound_ms + now - partition.seen
