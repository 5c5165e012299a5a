"""The windows of one spec: open sums, closes, and the place of every contribution.

Rows never depend on batch cuts: a contribution enters at the first window that was not closed when
its rating came, so all closes that a batch brings can be drawn at once, in blocks of closes times
products (ADR 0001). The sum of a window is the sum of the one before, plus the panes that enter,
minus those that leave; stretches without any rating are skipped.
"""

import bisect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starwatch.windows.contributions import Contributions, Held
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows
from starwatch.windows.spec import WindowSpec
from starwatch.windows.watermark import NEVER

_BLOCK_CELLS = 8192
"""Closes times products of one block: large enough to share numpy's fixed cost among many small
closes, small enough that sparse old data does not fill a matrix with zeros (measured)."""

_COMPACT_ABOVE = 1 << 16
"""Contributions waiting uncompacted at most, unless that is below what compacting left."""

_NOTHING_WAITS = 1 << 63
"""The first window to enter where there is none: behind all others."""

_INT32_MAX = (1 << 31) - 1


class SpecWindows:
    """The windows of one spec over all products.

    Args:
        number: Which of the job's specs this is.
        spec: The spec.
        steps: Steps of the scale.
        products: The job's product ids, for the order of rows.
    """

    def __init__(self, number: int, spec: WindowSpec, steps: int, products: ProductIds) -> None:
        # configuration
        self._number = number
        self._spec = spec
        self._steps = steps
        self._products = products
        # state, all of it in snapshots
        self.closed = spec.last_end_at(NEVER)
        self.contributed = 0
        self._pending: list[Contributions] = []
        self._held = Held()
        self._active = np.empty(0, np.int32)
        self._sums: NDArray[np.integer] = np.empty((steps, 0), np.int32)
        # derived
        self._next_first = _NOTHING_WAITS
        self._waiting = 0
        self._compacted = 0

    def add(self, these: Contributions) -> None:
        """Take contributions to windows that are still open; there is at least one."""
        self._pending.append(these)
        self._next_first = min(self._next_first, int(these.first.min()))
        self._waiting += len(these)
        if self._waiting > max(_COMPACT_ABOVE, 2 * self._compacted):
            self._compact()

    def close(self, number: int) -> WindowRows | None:
        """Close all windows up to this number; None where that emits no row.

        Rows come in the order (end, product id by UTF-8 bytes).
        """
        if number <= self.closed:
            return None
        if not len(self._active) and number < self._next_first:
            self.closed = number
            return None
        ready = self._take_ready(number)
        ends = _occupied(ready, self.closed + 1, number, self._held.latest)
        parts = self._draw(ends, ready)
        self.closed = number
        if self._held.latest is not None and self._held.latest <= number:
            self._held, self._active, self._sums = Held(), self._active[:0], self._sums[:, :0]
        rows = WindowRows.concat(parts)
        self.contributed += int(rows.stars.sum(dtype=np.int64))
        return rows

    def open_contributions(self) -> int:
        """Ratings times windows still to close, counted from what is kept."""
        last, _, count = self._held.all()
        entered = int(((last - self.closed) * count).sum())
        return entered + sum(int(((p.last - p.first + 1) * p.count).sum()) for p in self._pending)

    def provisional(self, number: int) -> WindowRows:
        """The rows so far of an open window, in the order of product ids."""
        last, key, count = self._held.all()
        inside = last >= number
        keys, counts = [key[inside]], [count[inside]]
        for part in self._pending:
            inside = (part.first <= number) & (part.last >= number)
            keys.append(part.key[inside])
            counts.append(part.count[inside])
        key, count = np.concatenate(keys), np.concatenate(counts)
        rank, order = self._products.ranked()
        ranks, column = np.unique(rank[key // self._steps], return_inverse=True)
        sums = np.zeros((self._steps, len(ranks)), np.int64)
        np.add.at(sums, (key % self._steps, column), count)
        return self._rows(np.full(len(ranks), number, np.int64), order[ranks], sums)

    def snapshot(self) -> dict[str, Any]:
        """All state as plain values and arrays."""
        pending = Contributions.concat(self._pending)
        return {
            "closed": self.closed,
            "contributed": self.contributed,
            "active": self._active,
            "sums": self._sums,
            "pending": [pending.first, pending.last, pending.key, pending.count],
            "held": list(self._held.all()),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take the state of a snapshot of the same spec and products."""
        self.closed, self.contributed = state["closed"], state["contributed"]
        self._active, self._sums = state["active"], state["sums"]
        self._pending, self._waiting, self._compacted = [], 0, 0
        self._next_first, self._held = _NOTHING_WAITS, Held()
        pending = Contributions(*state["pending"])
        if len(pending):
            self.add(pending)
        last, key, count = state["held"]
        if len(key):
            order = np.argsort(last, kind="stable")
            self._held.add(Contributions(last[order], last[order], key[order], count[order]))

    def _compact(self) -> None:
        pending = Contributions.concat(self._pending).compact()
        self._pending = [pending]
        self._waiting = self._compacted = len(pending)

    def _take_ready(self, number: int) -> Contributions:
        """Move out of pending what enters up to window `number`, sorted by `first`."""
        if self._next_first > number:
            return Contributions.concat([])
        pending = Contributions.concat(self._pending)
        enters = pending.first <= number
        ready = pending.take(enters).compact()
        rest = pending.take(~enters)
        self._pending = [rest] if len(rest) else []
        self._waiting = self._compacted = len(rest)
        self._next_first = int(rest.first.min()) if len(rest) else _NOTHING_WAITS
        if np.all(ready.first[1:] >= ready.first[:-1]):
            return ready
        return ready.take(np.argsort(ready.first, kind="stable"))

    def _draw(self, ends: NDArray[np.int64], ready: Contributions) -> list[WindowRows]:
        """Draw all closes of `ends` in blocks; every one of them has a row."""
        entered = np.searchsorted(ready.first, ends, "right")
        parts, start, at = [], 0, 0
        while start < len(ends):
            stop = self._block_stop(start, at, entered)
            upto = int(entered[stop - 1])
            parts.append(self._draw_block(ends[start:stop], ready.take(slice(at, upto))))
            start, at = stop, upto
        return parts

    def _block_stop(self, start: int, at: int, entered: NDArray[np.int64]) -> int:
        """Where a block of closes from `start` ends, by its number of cells."""
        base = len(self._active) - at
        if base + int(entered[start]) > _BLOCK_CELLS // 2:
            return start + 1

        def cells(stop: int) -> int:
            return (stop - start) * (base + int(entered[stop - 1]))

        reach = min(len(entered), start + _BLOCK_CELLS)
        return bisect.bisect_right(range(start + 2, reach + 1), _BLOCK_CELLS, key=cells) + start + 1

    def _draw_block(self, ends: NDArray[np.int64], entering: Contributions) -> WindowRows:
        """Draw some closes; `entering` has its `first` among them."""
        if len(entering):
            by_last = entering
            if np.any(by_last.last[1:] < by_last.last[:-1]):
                by_last = entering.take(np.argsort(entering.last, kind="stable"))
            self._held.add(by_last)
        left, left_key, left_count = self._held.pop_before(int(ends[-1]))
        rank, order = self._products.ranked()
        enter_code, enter_star = np.divmod(entering.key, self._steps)
        leave_code, leave_star = np.divmod(left_key, self._steps)
        was_active, enters = rank[self._active], rank[enter_code]
        ranks = _distinct(was_active, enters)
        column = np.empty(len(rank), np.int32)
        column[ranks] = np.arange(len(ranks), dtype=np.int32)
        shape = (self._steps, len(ends), len(ranks))
        cells = np.zeros(shape, self._wide(entering))
        place = column[was_active]
        for star, sums in enumerate(self._sums):
            cells[star, 0, place] = sums
        flat = cells.reshape(-1)
        row = np.searchsorted(ends, entering.first)
        place = (enter_star * len(ends) + row) * len(ranks) + column[enters]
        np.add.at(flat, place, entering.count.astype(flat.dtype))
        row = np.searchsorted(ends, left, "right")
        place = (leave_star * len(ends) + row) * len(ranks) + column[rank[leave_code]]
        np.subtract.at(flat, place, left_count.astype(flat.dtype))
        if len(ends) > 1:
            np.cumsum(cells, axis=1, out=cells)
        return self._emit(ends, order[ranks], cells)

    def _emit(
        self, ends: NDArray[np.int64], codes: NDArray[np.int32], cells: NDArray[np.integer]
    ) -> WindowRows:
        """Rows of the cells that hold a rating; the last line becomes the new open sums.

        The sums share their memory with the rows: neither is ever written to.
        """
        filled = np.flatnonzero(np.bitwise_or.reduce(cells, axis=0))
        stars = cells.reshape(self._steps, -1).take(filled, axis=1)
        row, col = np.divmod(filled, len(codes))
        rows = self._rows(ends[row], codes[col], stars)
        last = int(np.searchsorted(row, len(ends) - 1))
        self._active, self._sums = rows.product[last:], stars[:, last:]
        return rows

    def _rows(
        self, numbers: NDArray[np.int64], codes: NDArray[np.int32], stars: NDArray[np.integer]
    ) -> WindowRows:
        return WindowRows(
            spec=np.full(len(numbers), self._number, np.int16),
            product=codes,
            end_ms=numbers * self._spec.slide_ms + self._spec.offset_ms,
            stars=stars.T,
            revision=np.zeros(len(numbers), np.int32),
        )

    def _wide(self, entering: Contributions) -> type[np.int32] | type[np.int64]:
        """The narrowest integers in which no sum of these cells can overflow."""
        if self._sums.dtype == np.int64:
            return np.int64
        most = int(self._sums.max(initial=0)) + int(entering.count.sum())
        return np.int64 if most > _INT32_MAX else np.int32


def _distinct(ranks: NDArray[np.int32], more: NDArray[np.int32]) -> NDArray[np.int32]:
    """Both without repeats, sorted as `ranks` are: a stable sort only merges two sorted runs."""
    values = np.concatenate([ranks, np.sort(more)])
    values.sort(kind="stable")
    new = np.empty(len(values), bool)
    new[:1] = True
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return values.compress(new)


def _occupied(
    ready: Contributions, start: int, stop: int, held_latest: int | None
) -> NDArray[np.int64]:
    """The numbers of the windows from `start` to `stop` that hold a rating.

    Args:
        ready: Contributions sorted by `first`, all of them from `start` on.
        start: The first window to close.
        stop: The last one.
        held_latest: The last window of anything that entered before, None without it.
    """
    first, last = ready.first, ready.last
    if held_latest is not None:
        first = np.concatenate([[start], first])
        last = np.concatenate([[held_latest], last])
    reach = np.maximum.accumulate(last)
    opens = np.empty(len(first), bool)
    opens[:1] = True
    np.greater(first[1:], reach[:-1] + 1, out=opens[1:])
    begins = first[opens]
    finals = reach[np.append(np.flatnonzero(opens)[1:] - 1, len(reach) - 1)]
    lengths = np.minimum(finals, stop) - begins + 1
    before = np.cumsum(lengths) - lengths
    numbers: NDArray[np.int64] = np.arange(lengths.sum()) + np.repeat(begins - before, lengths)
    return numbers
