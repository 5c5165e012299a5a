"""The watermark: how far the stream is known to be complete (architecture §5).

Each partition has a watermark of its own, `top - bound`; the job's is the smallest over partitions
that are not idle, and it never goes back. When all are idle the clock moves it.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starwatch.windows.job import Job, Quiet

NEVER = -(1 << 62)
"""A time before all others, far enough from the int64 edge to subtract bounds from."""

FOREVER = 1 << 62
"""A time after all others, likewise."""

IDLE_AFTER_MS = 1_000
AWAY_AFTER_MS = 60_000

_FEW_ROWS = 24
"""Up to about this many ratings, one by one beats whole columns (measured)."""

_CELLS = 1 << 20
"""Partitions times ratings of one chunk: 8 MB a column."""


@dataclass(slots=True)
class Partition:
    """What the watermark knows of one partition.

    Attributes:
        top: The largest window time of its ratings (live: not above their arrival).
        seen: Arrival of its last rating that was not rejected.
        caught_up: Its source says that nothing is waiting.
        disconnected_at: Since when its source has no connection; None while it has one.
        resumed: It was restored, and has neither caught up nor had a rating since.
    """

    top: int = NEVER
    seen: int = NEVER
    caught_up: bool = False
    disconnected_at: int | None = None
    resumed: bool = False

    @property
    def idle_at(self) -> int:
        """From when on it is idle, if nothing comes."""
        if not self.caught_up or self.disconnected_at is not None:
            return FOREVER
        return self.seen + IDLE_AFTER_MS

    @property
    def away_at(self) -> int:
        """From when on it is left out of the minimum and the clock rule."""
        if self.disconnected_at is None:
            return FOREVER
        return self.disconnected_at + AWAY_AFTER_MS + 1


@dataclass(frozen=True, slots=True)
class Change:
    """What the clock or a source changed for the watermark, in its place among ratings.

    Attributes:
        row: Before which rating of the last batch; 0 where none was given.
        at_ms: When, on the clock.
        partition: Which one holds the watermark from here on or does not any more; -1 where the
            clock went on behind such changes.
        busy: Whether it holds the watermark.
        watermark_ms: Where the clock moved the watermark itself; None where it did not.
    """

    row: int
    at_ms: int
    partition: int = -1
    busy: bool = False
    watermark_ms: int | None = None


class Watermark:
    """The watermark of a job over its partitions; a plain state machine.

    Args:
        job: Gives the bound and the quiet rule.
    """

    def __init__(self, job: Job) -> None:
        # configuration
        self._bound = job.bound_ms
        self._clock_rule = job.quiet is Quiet.ADVANCE
        # state, all of it in snapshots
        self.value = NEVER
        self.now = NEVER
        self.top = NEVER
        self.partitions: dict[int, Partition] = {}
        self._idle: set[int] = set()  # partitions that were noted not to hold the watermark
        self._told = NEVER  # the last watermark by the clock that was noted
        self._live = False  # whether a partition ever was caught up or lost its connection
        # derived
        self.row = 0
        self._changes: list[Change] = []

    def take_changes(self) -> list[Change]:
        """What changed since the last call, in order; nothing where partitions only have ratings.

        With the ratings it tells all that the watermark went by, so that it can be computed again
        without knowing when a partition is idle.
        """
        changes, self._changes = self._changes, []
        self.row = 0
        return changes

    def tick(self, now_ms: int) -> None:
        """Move the clock, never back, and the watermark where the clock moves it."""
        self.now = max(self.now, now_ms)
        self._settle()

    def join(self, partition: int, *, caught_up: bool = False) -> None:
        """Take a partition into the minimum; one that left earlier comes back as a new one."""
        known = self.partitions.setdefault(partition, Partition())
        known.caught_up = caught_up
        self._live |= caught_up
        self._note_partitions()

    def leave(self, partition: int) -> None:
        """Take a partition out for good; its end is known, so it holds nothing back."""
        self.partitions.pop(partition, None)
        self._idle.discard(partition)
        self._settle()

    def restart(self) -> None:
        """Go on after a crash: no partition is caught up until its source says so."""
        for state in self.partitions.values():
            state.caught_up, state.resumed = False, True
        self._note_partitions()

    def set_caught_up(self, partition: int, *, value: bool) -> None:
        """Note whether a partition's source has nothing waiting."""
        state = self.partitions[partition]
        state.caught_up = value
        if value and state.resumed:
            # The clock rule counts from here, not from before the crash.
            state.seen = self.now if state.top > NEVER else state.seen
            state.resumed = False
        self._live = True
        self._settle()

    def set_connected(self, partition: int, *, value: bool) -> None:
        """Note whether a partition's source has a connection."""
        state = self.partitions[partition]
        if not value and state.disconnected_at is None:
            state.disconnected_at = self.now
        elif value and state.disconnected_at is not None:
            state.disconnected_at, state.caught_up = None, False
        self._live = True
        self._settle()

    def reach(self, watermark_ms: int) -> None:
        """Another engine says how far the stream is complete."""
        self.value = max(self.value, watermark_ms)

    def stand(
        self, times: NDArray[np.int64], arrivals: NDArray[np.int64], met_ms: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Take ratings of which another engine knows the watermark that they met; it moves nothing.

        Args:
            times: int64, shape (n,); the window time of each.
            arrivals: int64, shape (n,), never falling; they tick the clock.
            met_ms: int64, shape (n,); `ratings.batch.NO_TIME` where a rating met none.

        Returns:
            int64, shape (n,): the watermark before each.
        """
        self.now = max(self.now, int(arrivals[-1]))
        self.top = max(self.top, int(times.max()))
        return np.maximum(met_ms, self.value)

    def finish(self) -> None:
        """The end of a replay: nothing more will come, so every window may close."""
        self.value = FOREVER

    def observe(
        self, times: NDArray[np.int64], arrivals: NDArray[np.int64], partitions: NDArray[np.int32]
    ) -> NDArray[np.int64]:
        """Take ratings that were not rejected, in order, each ticking the clock to its arrival.

        Args:
            times: int64, shape (n,); what moves `top`.
            arrivals: int64, shape (n,), never falling.
            partitions: int32, shape (n,).

        Returns:
            int64, shape (n,): the watermark before each rating. `value` is the one after the last.
        """
        if len(times) <= _FEW_ROWS:
            return self._observe_each(times, arrivals, partitions)
        first = self.row
        arrivals = np.maximum(arrivals, self.now)
        if self._is_lone(partitions):
            return self._observe_lone(times, int(arrivals[-1]))
        before = np.empty(len(times), np.int64)
        start = 0
        while start < len(times):
            self.row = first + start
            if self._live:
                self.tick(int(arrivals[start]))
                self._wake(int(partitions[start]))
            stop = self._chunk(start, arrivals, partitions)
            rows = slice(start, stop)
            before[rows] = self._observe_chunk(times[rows], arrivals[rows], partitions[rows])
            start = stop
        return before

    def _settle(self) -> None:
        """Move the watermark where partitions and clock want it, and note what changed."""
        self.value = max(self.value, self._candidate(self.now))
        if not self._live:
            return
        changed = self._note_partitions()
        by_clock = None
        if self.value > self._told and len(self._idle) == len(self.partitions):
            by_clock = self._told = self.value
        if changed or by_clock is not None:
            self._changes.append(Change(self.row, self.now, watermark_ms=by_clock))

    def _wake(self, number: int) -> None:
        """A rating of a partition comes: it is not idle any more."""
        state = self.partitions.get(number) or self.partitions.setdefault(number, Partition())
        state.seen, state.resumed = self.now, False
        self._note_partitions()

    def _note_partitions(self) -> bool:
        """Note which partitions hold the watermark, where that changed; whether it did."""
        if not self._live:
            return False
        before = len(self._changes)
        for number, state in self.partitions.items():
            idle = self.now >= min(state.idle_at, state.away_at)
            if idle != (number in self._idle):
                self._idle ^= {number}
                self._changes.append(Change(self.row, self.now, number, busy=not idle))
        return len(self._changes) > before

    def _candidate(self, now: int) -> int:
        """Where partitions and clock put the watermark; the rule itself, in scalars."""
        present = [p for p in self.partitions.values() if now < p.away_at]
        busy = [p.top for p in present if now < p.idle_at]
        if busy:
            return min(busy) - self._bound
        if not self._clock_rule:
            return NEVER
        leads = [p.top - p.seen for p in present if p.top > NEVER]
        return max(leads) - self._bound + now if leads else NEVER

    def _observe_each(
        self, times: NDArray[np.int64], arrivals: NDArray[np.int64], partitions: NDArray[np.int32]
    ) -> NDArray[np.int64]:
        before: list[int] = []
        first = self.row
        for time, arrival, number in zip(
            times.tolist(), arrivals.tolist(), partitions.tolist(), strict=True
        ):
            self.row = first + len(before)
            self.tick(arrival)
            before.append(self.value)
            self._wake(number)
            state = self.partitions[number]
            state.top = max(state.top, time)
            self.value = max(self.value, self._candidate(self.now))
            self.top = max(self.top, time)
        return np.array(before, np.int64)

    def _is_lone(self, partitions: NDArray[np.int32]) -> bool:
        """Whether all ratings are of the only partition, and the clock has no say."""
        if len(self.partitions) != 1:
            return False
        ((number, state),) = self.partitions.items()
        always_busy = not state.caught_up and state.disconnected_at is None
        return always_busy and bool((partitions == number).all())

    def _observe_lone(self, times: NDArray[np.int64], now: int) -> NDArray[np.int64]:
        """The common replay: one partition, never idle, so the watermark follows its `top`."""
        (state,) = self.partitions.values()
        marks = np.empty(len(times) + 1, np.int64)
        marks[0] = max(self.value, state.top - self._bound)
        np.subtract(times, self._bound, out=marks[1:])
        np.maximum.accumulate(marks, out=marks)
        top = int(times.max())
        state.top, state.seen, state.resumed = max(state.top, top), now, False
        self.value, self.now, self.top = int(marks[-1]), now, max(self.top, top)
        return marks[:-1]

    def _chunk(self, start: int, arrivals: NDArray[np.int64], partitions: NDArray[np.int32]) -> int:
        """Where the rows from `start` on must be cut, so that one chunk is small and simple.

        Within a chunk, partitions without a rating in it neither become idle nor go away; in a
        live stream none does, and none wakes but by the first row.
        """
        for number in set(np.unique(partitions[start:]).tolist()) - self.partitions.keys():
            self.partitions[number] = Partition()
        stop = min(len(arrivals), start + max(1, _CELLS // max(1, len(self.partitions))))
        while True:
            inside = set() if self._live else set(np.unique(partitions[start:stop]).tolist())
            change = self._next_change(int(arrivals[start]), inside)
            cut = start + max(1, int(np.searchsorted(arrivals[start:stop], change, "left")))
            if self._idle:
                wakes = np.isin(partitions[start + 1 : cut], list(self._idle))
                cut = start + 1 + int(np.argmax(wakes)) if wakes.any() else cut
            if cut == stop:
                return stop
            stop = cut

    def _next_change(self, now: int, inside: set[int]) -> int:
        """When next a partition outside a chunk becomes idle or goes away."""
        outside = (state for number, state in self.partitions.items() if number not in inside)
        changes = (at for state in outside for at in (state.idle_at, state.away_at) if at > now)
        return min(changes, default=FOREVER)

    def _observe_chunk(
        self, times: NDArray[np.int64], arrivals: NDArray[np.int64], partitions: NDArray[np.int32]
    ) -> NDArray[np.int64]:
        """One chunk as columns: rows are ratings, a line of the matrices is a partition."""
        numbers = np.unique(partitions)
        mine = partitions == numbers[:, None]
        states = [self.partitions[n] for n in numbers.tolist()]
        tops = _running(mine, times, [s.top for s in states])
        seens = _running(mine, arrivals, [s.seen for s in states])
        around = [p for n, p in self.partitions.items() if n not in set(numbers.tolist())]
        ticked = self._candidates(tops[:, :-1], seens[:, :-1], arrivals, states, around)
        if self._live:
            ticked[0] = self.value  # its tick has been; that it wakes its partition comes behind
        moved = self._candidates(tops[:, 1:], seens[:, 1:], arrivals, states, around)
        steps = np.empty(2 * len(times) + 1, np.int64)
        steps[0], steps[1::2], steps[2::2] = self.value, ticked, moved
        np.maximum.accumulate(steps, out=steps)
        for state, top, seen in zip(states, tops[:, -1], seens[:, -1], strict=True):
            state.top, state.seen, state.resumed = int(top), int(seen), False
        self.value = int(steps[-1])
        self.now = int(arrivals[-1])
        self.top = max(self.top, int(times.max()))
        return steps[1::2]

    def _candidates(
        self,
        tops: NDArray[np.int64],
        seens: NDArray[np.int64],
        now: NDArray[np.int64],
        states: list[Partition],
        around: list[Partition],
    ) -> NDArray[np.int64]:
        """`_candidate` for every row at once.

        Args:
            tops: shape (partitions, n); `top` of each partition in the chunk, at each row.
            seens: shape (partitions, n); `seen` likewise.
            now: shape (n,).
            states: The partitions in the chunk, for what does not change within it.
            around: The other partitions; nothing of theirs changes within it.
        """
        at = int(now[0])
        present = [p for p in around if at < p.away_at]
        busy_around = min((p.top for p in present if at < p.idle_at), default=FOREVER)
        can_idle = np.array([s.caught_up and s.disconnected_at is None for s in states])
        if not can_idle.any() and all(s.disconnected_at is None for s in states):
            lowest: NDArray[np.int64] = np.minimum(tops.min(axis=0), busy_around)
            return lowest - self._bound
        away = now >= np.array([s.away_at for s in states])[:, None]
        idle = can_idle[:, None] & (now - seens >= IDLE_AFTER_MS)
        busy = np.where(away | idle, FOREVER, tops).min(axis=0)
        busy = np.minimum(busy, busy_around)
        if not self._clock_rule:
            return np.where(busy < FOREVER, busy - self._bound, NEVER)
        lead_around = max((p.top - p.seen for p in present if p.top > NEVER), default=NEVER)
        leads = np.where(away | (tops <= NEVER), NEVER, tops - seens).max(axis=0)
        leads = np.maximum(leads, lead_around)
        quiet = np.where(leads > NEVER, leads + now, NEVER)
        return np.where(busy < FOREVER, busy, quiet) - self._bound

    def snapshot(self) -> dict[str, Any]:
        """All state as plain values."""
        return {
            "value": self.value,
            "now": self.now,
            "top": self.top,
            "partitions": {n: asdict(p) for n, p in self.partitions.items()},
            "idle": sorted(self._idle),
            "told": self._told,
            "live": self._live,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take the state of a snapshot."""
        self.value, self.now, self.top = state["value"], state["now"], state["top"]
        self.partitions = {n: Partition(**p) for n, p in state["partitions"].items()}
        self._idle, self._told = set(state["idle"]), state["told"]
        self._live = state["live"]


def _running(
    mine: NDArray[np.bool_], values: NDArray[np.int64], start: list[int]
) -> NDArray[np.int64]:
    """Running maximum by partition: column 0 is before the chunk, column i + 1 after row i."""
    table = np.empty((len(start), len(values) + 1), np.int64)
    table[:, 0] = start
    table[:, 1:] = np.where(mine, values, NEVER)
    return np.maximum.accumulate(table, axis=1, out=table)
