"""Admission and windows as one state machine: batches and clock ticks in, window rows out.

Pure: no clock, no I/O. The same calls serve replay, service, restore and tests. Rows and books are
a function of the sequence of inputs alone, never of how the ratings were cut into batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from starwatch.admission.duplicates import Memory
from starwatch.admission.ledger import Books, Class, Ledger
from starwatch.admission.validity import impossible_times
from starwatch.ratings.batch import NO_TIME, Batch, Found
from starwatch.windows.job import Duplicates, Job, WindowTime
from starwatch.windows.panel import Panel
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows
from starwatch.windows.watermark import NEVER, Change, Watermark

_COUNTED, _DUPLICATE = np.uint8(Class.COUNTED), np.uint8(Class.DUPLICATE)
_LATE, _REJECTED = np.uint8(Class.LATE), np.uint8(Class.REJECTED)

Snapshot = dict[str, Any]
"""All state of an engine as plain values, numpy arrays and Arrow arrays."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one batch.

    Attributes:
        rows: The window rows that it caused, in order.
        classes: uint8, shape (n,); the `Class` of each rating.
        met_ms: int64, shape (n,); the watermark that a rating came behind, `NO_TIME` where its
            window time was not below the watermark. None: so it is for all.
    """

    rows: WindowRows
    classes: NDArray[np.uint8]
    met_ms: NDArray[np.int64] | None = None

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """What became of batches that came one after the other; at least one."""
        if len(parts) == 1:
            return parts[0]
        met = None
        if any(part.met_ms is not None for part in parts):
            met = np.concatenate([part.met() for part in parts])
        return cls(
            WindowRows.concat([part.rows for part in parts]),
            np.concatenate([part.classes for part in parts]),
            met,
        )

    def met(self) -> NDArray[np.int64]:
        """`met_ms` of each rating."""
        return np.full(len(self.classes), NO_TIME) if self.met_ms is None else self.met_ms


class Engine:
    """One job's admission, windows and books.

    Args:
        job: The rules.
        seed: Secret of the fingerprints by which duplicates are recognised.
    """

    def __init__(self, job: Job, *, seed: int = 0) -> None:
        # configuration
        self.job = job
        self._steps = np.int64(job.scale.steps)
        # state, all of it in snapshots
        self.products = ProductIds()
        self._watermark = Watermark(job)
        self._ledger = Ledger(len(job.windows))
        self._panel = Panel(job, self.products)
        remembers = job.duplicates is not Duplicates.OFF and not job.elsewhere
        self._memory = Memory(job, seed=seed) if remembers else None

    @property
    def watermark_ms(self) -> int | None:
        """The job's watermark, None before there is one."""
        return self._watermark.value if self._watermark.value > NEVER else None

    @property
    def now_ms(self) -> int | None:
        """The engine's clock: the latest arrival or tick, None before the first."""
        return self._watermark.now if self._watermark.now > NEVER else None

    @property
    def received(self) -> int:
        """How many ratings have come, whatever became of them."""
        return sum(self._ledger.classes)

    @property
    def partitions(self) -> set[int]:
        """The partitions that are there: they have joined, or had a rating, and not left."""
        return set(self._watermark.partitions)

    @property
    def duplicates_horizon_ms(self) -> int | None:
        """How far behind the watermark duplicates are recognised now; None where they are not."""
        return self._memory.horizon_ms(self.watermark_ms) if self._memory else None

    def join(self, partition: int, *, caught_up: bool = False) -> None:
        """A partition appears; until it has a rating or is caught up, it holds every window."""
        self._watermark.join(partition, caught_up=caught_up)

    def leave(self, partition: int, now_ms: int) -> WindowRows:
        """A partition has ended; returns the rows of windows that only waited for it."""
        self._watermark.tick(now_ms)
        self._watermark.leave(partition)
        return self._close()

    def caught_up(self, partition: int, value: bool, now_ms: int) -> WindowRows:  # noqa: FBT001
        """A partition's source has nothing waiting, or has again; returns the rows it caused."""
        self._watermark.tick(now_ms)
        self._watermark.set_caught_up(partition, value=value)
        return self._close()

    def connected(self, partition: int, value: bool, now_ms: int) -> WindowRows:  # noqa: FBT001
        """A partition's source lost or found its connection; returns the rows it caused."""
        self._watermark.tick(now_ms)
        self._watermark.set_connected(partition, value=value)
        return self._close()

    def reached(self, watermark_ms: int, now_ms: int) -> WindowRows:
        """The other engine of a job says how far the stream is complete; returns the rows.

        All that it counted into windows that end up to there has been ingested.
        """
        self._watermark.tick(now_ms)
        self._watermark.reach(watermark_ms)
        return self._close()

    def restart(self) -> None:
        """Go on after a crash, behind `restore` and what was journalled after it.

        No partition is caught up until its source says so, and none is quiet before that.
        """
        self._watermark.restart()

    def changes(self) -> list[Change]:
        """What clock and sources changed for the watermark since the last call, in order.

        Always empty where no partition is ever caught up or without connection, as in replays.
        """
        return self._watermark.take_changes()

    def advance(self, now_ms: int) -> WindowRows:
        """A tick of the clock; returns the rows of windows that it closed."""
        self._watermark.tick(now_ms)
        return self._close()

    def finish(self) -> WindowRows:
        """The end of a replay: closes every window that holds a rating, and returns their rows."""
        self._watermark.finish()
        return self._close()

    def ingest(self, batch: Batch) -> Outcome:
        """Take ratings in order, each first ticking the clock to its arrival."""
        for _, reject in batch.rejects:
            self._ledger.reject(reject.reason)
        self._watermark.row = 0
        possible = self.job.oldest_ms is None and self.job.ahead_ms is None
        if possible or self.job.elsewhere:
            return self._admit(batch)
        return self._admit_possible(batch)

    def provisional(self, spec: int) -> WindowRows:
        """The rows so far of a spec's newest open window, by product id.

        That is the window whose end follows the newest rating; where it is closed already, the next
        one to close.
        """
        return self._panel.provisional(spec, self._watermark.top)

    def books(self) -> Books:
        """Both books now; everything is counted anew from the state, so that they can disagree."""
        return self._ledger.books(
            panes=[spec.panes for spec in self.job.windows],
            closed=self._panel.closed_contributions(),
            still_open=self._panel.open_contributions(),
        )

    def snapshot(self) -> Snapshot:
        """All state, to go on from after `restore`; valid until the next call that changes it."""
        return {
            "products": self.products.all(),
            "watermark": self._watermark.snapshot(),
            "ledger": self._ledger.snapshot(),
            "panel": self._panel.snapshot(),
            "memory": self._memory.snapshot() if self._memory else None,
        }

    @classmethod
    def restore(cls, job: Job, snapshot: Snapshot) -> Self:
        """An engine that goes on where a snapshot of the same job was taken."""
        engine = cls(job)
        engine.products = ProductIds(snapshot["products"])
        engine._watermark.restore(snapshot["watermark"])
        engine._ledger.restore(snapshot["ledger"])
        engine._panel = Panel(job, engine.products)
        engine._panel.restore(snapshot["panel"])
        if engine._memory:
            engine._memory.restore(snapshot["memory"])
        return engine

    def _admit(self, batch: Batch) -> Outcome:
        """Classify valid ratings, count them, close what they close."""
        classes = np.zeros(len(batch), np.uint8)
        if not len(batch):
            return Outcome(self._panel.nothing, classes)
        times, moves = self._times(batch)
        if self.job.elsewhere:
            found = batch.found or Found.nothing(len(batch))
            before = self._watermark.stand(times, batch.arrival_ms, found.met_ms)
            classes[found.duplicate] = _DUPLICATE
        else:
            partition = np.zeros_like(batch.partition) if self.job.merged else batch.partition
            before = self._watermark.observe(moves, batch.arrival_ms, partition)
        behind = before > times
        met = np.where(behind, before, NO_TIME) if behind.any() else None
        if self._memory:
            classes[self._memory.find(batch, times, before)] = _DUPLICATE
        spans = self._panel.place(times, before)
        touched = any(span.touched for span in spans)
        if touched:
            late = np.logical_and.reduce([span.late for span in spans])
            classes[late & (classes == _COUNTED)] = _LATE
        self._ledger.classify(classes)
        key = self.products.encode(batch.product) * self._steps + batch.stars
        if classes.any():
            counted = np.flatnonzero(classes == _COUNTED)
            spans, key = [span.take(counted) for span in spans], key[counted]
            before = before[counted]
        if touched:
            for spec, span in enumerate(spans):
                self._ledger.missed[spec] += span.missed
        rows = self._panel.count(spans, key, before, self._watermark.value)
        return Outcome(rows, classes, met)

    def _admit_possible(self, batch: Batch) -> Outcome:
        """Refuse impossible event times, which only tick the clock, and admit what is between."""
        parts, start = [], 0
        rows, reasons = impossible_times(batch, self.job)
        for row, reason in zip(rows.tolist(), reasons, strict=True):
            parts.append(self._admit(batch.slice(start, row)))
            self._ledger.reject(reason)
            self._watermark.row = row
            closed = self.advance(int(batch.arrival_ms[row]))
            parts.append(Outcome(closed, np.full(1, _REJECTED)))
            start = self._watermark.row = row + 1
        parts.append(self._admit(batch.slice(start, len(batch))))
        return Outcome.concat(parts)

    def _times(self, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Window time of each rating, and what of it moves the watermark."""
        if self.job.time is WindowTime.ARRIVAL:
            return batch.arrival_ms, batch.arrival_ms
        own = batch.event_ms != NO_TIME
        times = batch.event_ms if own.all() else np.where(own, batch.event_ms, batch.arrival_ms)
        return times, np.minimum(times, batch.arrival_ms) if self.job.live else times

    def _close(self) -> WindowRows:
        return self._panel.close(self._watermark.value)
