"""All window specs of a job side by side: which windows a rating enters, misses or corrects."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from starwatch.windows.contributions import Contributions
from starwatch.windows.corrections import Corrections
from starwatch.windows.job import Job
from starwatch.windows.operator import SpecWindows
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows
from starwatch.windows.spec import WindowSpec

_COMPACT_FROM = 256
"""Ratings in a batch from which merging equal contributions pays (measured)."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Where ratings lie among the windows of one spec; columns of one length n.

    Attributes:
        first: int64; number of the first window that each rating belongs to.
        last: int64; number of the last one.
        gone: int64; number of the last window that was gone when it came.
        closed: int64; number of the last window that was closed when it came.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    gone: NDArray[np.int64]
    closed: NDArray[np.int64]

    @classmethod
    def of(
        cls, spec: WindowSpec, times: NDArray[np.int64], before: NDArray[np.int64], lateness_ms: int
    ) -> Self:
        """Place ratings by their window time and the watermark before each."""
        first = (times - spec.offset_ms) // spec.slide_ms + 1
        closed = (before - spec.offset_ms) // spec.slide_ms
        gone = closed
        if lateness_ms:
            gone = (before - spec.offset_ms - lateness_ms) // spec.slide_ms
        return cls(first, first + (spec.panes - 1), gone, closed)

    @property
    def touched(self) -> bool:
        """Whether any rating came to a window that was closed or gone already."""
        return int(self.closed.max()) >= int(self.first.min())

    @property
    def late(self) -> NDArray[np.bool_]:
        """Which ratings have no window left."""
        return self.last <= self.gone

    @property
    def missed(self) -> int:
        """How many windows of these ratings were gone, one by one."""
        return int((np.clip(self.gone + 1, self.first, self.last + 1) - self.first).sum())

    def take(self, rows: NDArray[np.integer] | slice) -> Self:
        """The ratings at these rows."""
        return type(self)(self.first[rows], self.last[rows], self.gone[rows], self.closed[rows])

    def contributions(self, key: NDArray[np.int64], passed: NDArray[np.int64]) -> Contributions:
        """What each rating gives to its windows behind number `passed`; may be none."""
        first, last = self.first, self.last
        if int(passed.max()) >= int(first.min()):
            first = np.maximum(first, passed + 1)
            some = first <= last
            if not some.all():
                first, last, key = first[some], last[some], key[some]
        these = Contributions(first, last, key, np.ones(len(key), np.int64))
        return these.compact() if len(key) >= _COMPACT_FROM else these


class Panel:
    """The windows of all specs of a job.

    Args:
        job: The rules.
        products: The job's product ids.
    """

    def __init__(self, job: Job, products: ProductIds) -> None:
        # configuration
        self._job = job
        steps = job.scale.steps
        self.nothing = WindowRows.empty(steps)
        # state, all of it in snapshots
        self._specs = [
            SpecWindows(number, spec, steps, products) for number, spec in enumerate(job.windows)
        ]
        self._corrections = [
            Corrections(number, spec, steps) for number, spec in enumerate(job.windows)
        ]
        self._corrected = [0] * len(job.windows)

    def place(self, times: NDArray[np.int64], before: NDArray[np.int64]) -> list[Spans]:
        """Where ratings lie among the windows of each spec."""
        late = self._job.lateness_ms
        return [Spans.of(spec, times, before, late) for spec in self._job.windows]

    def count(
        self,
        spans: list[Spans],
        key: NDArray[np.int64],
        before: NDArray[np.int64],
        watermark: int,
    ) -> WindowRows:
        """Count ratings into their windows and close what the watermark passed; in row order.

        Args:
            spans: Of each spec, columns of length n.
            key: int64, shape (n,); product code times steps plus star index.
            before: int64, shape (n,); the watermark before each rating.
            watermark: The watermark after the last one.
        """
        if not len(key):
            return self.close(watermark)
        if not self._job.lateness_ms:
            self._add(spans, key)
            return self.close(watermark)
        parts, done = [], 0
        for start, stop in _correction_groups(spans):
            self._add([s.take(slice(done, start)) for s in spans], key[done:start])
            parts.append(self.close(int(before[start])))
            rows = slice(start, stop)
            parts.append(self._correct([s.take(rows) for s in spans], key[rows]))
            done = start
        self._add([s.take(slice(done, None)) for s in spans], key[done:])
        parts.append(self.close(watermark))
        return WindowRows.concat(parts)

    def close(self, watermark: int) -> WindowRows:
        """Close all windows that the watermark passed; rows in the order (end, spec, product)."""
        parts = []
        for windows, spec, corrections in zip(
            self._specs, self._job.windows, self._corrections, strict=True
        ):
            number = spec.last_end_at(watermark)
            if number > windows.closed:
                rows = windows.close(number)
                if rows is not None:
                    parts.append(rows)
                if self._job.lateness_ms:
                    corrections.forget(spec.last_end_at(watermark - self._job.lateness_ms))
        return self._in_order(parts)

    def provisional(self, spec: int, newest_ms: int) -> WindowRows:
        """The rows so far of the window of a spec that ends behind a time, or of a later one."""
        windows = self._specs[spec]
        number = max(self._job.windows[spec].last_end_at(newest_ms), windows.closed) + 1
        return windows.provisional(number)

    def closed_contributions(self) -> list[int]:
        """Of each spec, the ratings in emitted rows, each correction once."""
        return [
            windows.contributed + corrected
            for windows, corrected in zip(self._specs, self._corrected, strict=True)
        ]

    def open_contributions(self) -> list[int]:
        """Of each spec, ratings times windows still to close."""
        return [windows.open_contributions() for windows in self._specs]

    def snapshot(self) -> dict[str, Any]:
        """All state as plain values and arrays."""
        return {
            "specs": [windows.snapshot() for windows in self._specs],
            "corrections": [corrections.snapshot() for corrections in self._corrections],
            "corrected": list(self._corrected),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take the state of a snapshot of the same job and products."""
        for windows, saved in zip(self._specs, state["specs"], strict=True):
            windows.restore(saved)
        for corrections, saved in zip(self._corrections, state["corrections"], strict=True):
            corrections.restore(saved)
        self._corrected = list(state["corrected"])

    def _add(self, spans: list[Spans], key: NDArray[np.int64]) -> None:
        if not len(key):
            return
        for windows, corrections, span in zip(self._specs, self._corrections, spans, strict=True):
            these = span.contributions(key, span.closed)
            if len(these):
                windows.add(these)
            if self._job.lateness_ms:
                corrections.add(span.contributions(key, span.gone))

    def _correct(self, spans: list[Spans], key: NDArray[np.int64]) -> WindowRows:
        """The rows of late ratings in closed windows, in the order (rating, end, spec)."""
        ratings, parts = [], []
        for number, (corrections, span) in enumerate(zip(self._corrections, spans, strict=True)):
            first = np.maximum(span.first, span.gone + 1)
            last = np.minimum(span.last, span.closed)
            late = np.flatnonzero(first <= last)
            if len(late):
                ones = np.ones(len(late), np.int64)
                these = Contributions(first[late], last[late], key[late], ones)
                which, rows = corrections.correct(these)
                ratings.append(late[which])
                parts.append(rows)
                self._corrected[number] += len(rows)
        rows = WindowRows.concat(parts)
        return rows.take(np.lexsort((rows.spec, rows.end_ms, np.concatenate(ratings))))

    def _in_order(self, parts: list[WindowRows]) -> WindowRows:
        if len(parts) <= 1:
            return parts[0] if parts else self.nothing
        rows = WindowRows.concat(parts)  # each part is sorted, and they come in spec order
        return rows.take(np.argsort(rows.end_ms, kind="stable"))


def _correction_groups(spans: list[Spans]) -> Iterator[tuple[int, int]]:
    """Stretches from a rating that corrects to the last one before any window closes again."""
    corrects = np.zeros(len(spans[0].first), bool)
    for span in spans:
        corrects |= np.maximum(span.first, span.gone + 1) <= np.minimum(span.last, span.closed)
    rows = np.flatnonzero(corrects)
    if not len(rows):
        return
    changes = np.zeros(len(rows), bool)
    for span in spans:
        closed = span.closed[rows]
        changes[1:] |= closed[1:] != closed[:-1]
    starts = np.flatnonzero(changes)
    for group in np.split(rows, starts):
        yield int(group[0]), int(group[-1]) + 1
