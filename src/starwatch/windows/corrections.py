"""Corrections: what a late rating does to windows that are closed but not gone (architecture §5).

Used only where the allowed lateness is above zero. All contributions to windows that are not gone
are kept once more, by window, so that any closed window can be drawn again.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from starwatch.windows.contributions import Contributions
from starwatch.windows.rows import WindowRows
from starwatch.windows.spec import WindowSpec


class Corrections:
    """The closed windows of one spec that a late rating may still change.

    Args:
        number: Which of the job's specs this is.
        spec: The spec.
        steps: Steps of the scale.
    """

    def __init__(self, number: int, spec: WindowSpec, steps: int) -> None:
        # configuration
        self._number = number
        self._spec = spec
        self._steps = steps
        # state, all of it in snapshots
        self._kept: list[Contributions] = []
        self._corrected: dict[tuple[int, int], int] = {}
        # derived
        self._compacted = 0

    def add(self, these: Contributions) -> None:
        """Note contributions to windows that are not gone; `first` is the first such window."""
        if len(these):
            self._kept.append(these)
            if sum(map(len, self._kept)) > max(_COMPACT_ABOVE, 2 * self._compacted):
                self._compact()

    def forget(self, gone: int) -> None:
        """Let go of what only concerns windows up to this number."""
        self._kept = [part.take(part.last > gone) for part in self._kept]
        self._kept = [part for part in self._kept if len(part)]
        self._compacted = min(self._compacted, sum(map(len, self._kept)))
        if self._corrected:
            self._corrected = {k: n for k, n in self._corrected.items() if k[0] > gone}

    def correct(self, late: Contributions) -> tuple[NDArray[np.int64], WindowRows]:
        """Rows that late ratings add to closed windows.

        Args:
            late: One contribution a late rating, in order of arrival, each of count 1: the closed
                windows `first..last` that it corrects.

        Returns:
            For each row the index of its rating in `late`, and the rows, in the order (rating,
            end).
        """
        spans = late.last - late.first + 1
        rating = np.repeat(np.arange(len(late)), spans)
        before = np.cumsum(spans) - spans
        window = np.arange(len(rating)) - np.repeat(before - late.first, spans)
        code, star = np.divmod(late.key[rating], self._steps)
        order = np.lexsort((rating, code, window))
        starts = _group_starts(window[order], code[order])
        group = np.cumsum(_marks(starts, len(order))) - 1
        windows, codes = window[order][starts], code[order][starts]
        base = self._histograms(windows, codes)
        ones = np.zeros((len(order), self._steps), np.int64)
        ones[np.arange(len(order)), star[order]] = 1
        sums = np.cumsum(ones, axis=0)
        stars = sums - (sums[starts] - ones[starts])[group] + base[group]
        nth = np.arange(len(order)) - starts[group]
        revision = nth + self._emitted_before(windows, codes, base, starts, len(order))[group]
        back = np.argsort(order)
        return rating, WindowRows(
            spec=np.full(len(order), self._number, np.int16),
            product=code.astype(np.int32),
            end_ms=window * self._spec.slide_ms + self._spec.offset_ms,
            stars=stars[back],
            revision=revision[back].astype(np.int32),
        )

    def snapshot(self) -> dict[str, Any]:
        """All state as plain values and arrays."""
        kept = Contributions.concat(self._kept)
        return {
            "kept": [kept.first, kept.last, kept.key, kept.count],
            "corrected": dict(self._corrected),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take the state of a snapshot of the same spec."""
        self._kept, self._compacted = [], 0
        self.add(Contributions(*state["kept"]))
        self._corrected = dict(state["corrected"])

    def _compact(self) -> None:
        self._kept = [Contributions.concat(self._kept).compact()]
        self._compacted = len(self._kept[0])

    def _emitted_before(
        self,
        windows: NDArray[np.int64],
        codes: NDArray[np.int64],
        base: NDArray[np.int64],
        starts: NDArray[np.int64],
        total: int,
    ) -> NDArray[np.int64]:
        """Rows emitted so far for each (window, product), and the new ones are noted.

        One row at the close if the window held a rating then, and one a correction; a correction
        adds exactly one rating, so what it held then is what it holds now less the corrections.
        """
        emitted = np.empty(len(windows), np.int64)
        sizes = np.diff(starts, append=total)
        keys = zip(windows.tolist(), codes.tolist(), strict=True)
        for i, (key, count, size) in enumerate(
            zip(keys, base.sum(axis=1).tolist(), sizes.tolist(), strict=True)
        ):
            corrections = self._corrected.get(key, 0)
            emitted[i] = corrections + (count > corrections)
            self._corrected[key] = corrections + size
        return emitted

    def _histograms(
        self, windows: NDArray[np.int64], codes: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The star histogram of each (window, product) over everything kept, shape (n, steps)."""
        wanted = np.unique(codes)
        kept = Contributions.concat(self._kept)
        kept = kept.take(np.isin(kept.key // self._steps, wanted))
        if not len(kept):
            return np.zeros((len(windows), self._steps), np.int64)
        product = np.searchsorted(wanted, kept.key // self._steps)
        product = np.concatenate([product, product])
        place = np.concatenate([kept.first, kept.last + 1])
        star = np.tile(kept.key % self._steps, 2)
        change = np.concatenate([kept.count, -kept.count])
        order = np.lexsort((place, product))
        low = min(int(place.min()), int(windows.min()))
        width = max(int(place.max()), int(windows.max())) - low + 1
        running = np.zeros((len(order) + 1, self._steps), np.int64)
        running[np.arange(1, len(order) + 1), star[order]] = change[order]
        np.cumsum(running, axis=0, out=running)
        line = (product * width + place - low)[order]
        mine = np.searchsorted(wanted, codes) * width
        upto = np.searchsorted(line, mine + windows - low, "right")
        histograms: NDArray[np.int64] = running[upto] - running[np.searchsorted(line, mine, "left")]
        return histograms


_COMPACT_ABOVE = 1 << 16


def _group_starts(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
    new = np.zeros(len(columns[0]), bool)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(new)


def _marks(starts: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    marks = np.zeros(length, np.int64)
    marks[starts] = 1
    return marks
