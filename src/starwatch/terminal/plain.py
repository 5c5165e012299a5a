"""The table where there is no terminal: compact lines at each close, a bounded number of them."""

import numpy as np

from starwatch.ports import RowContext
from starwatch.ratings.means import decimal_texts, rounded_means
from starwatch.sinks.files import ByteTarget
from starwatch.sinks.registry import STDOUT
from starwatch.terminal.cells import bars, end_text, printable
from starwatch.windows.rows import WindowRows

TOP = 10
"""Lines a close: what fits beside other output; the rest is counted."""

_LONGEST_ID = 40


class PlainLines:
    """Closed windows as lines on standard output: the ten products with the most ratings of each.

    A function of the closed rows alone, at whatever speed they come. `write` takes all rows of a
    close at once; `flush` and `close` show them.

    Raises:
        BadSetting: the target cannot be opened.
    """

    def __init__(self, context: RowContext, target: str = STDOUT) -> None:
        self._context = context
        self._bytes = ByteTarget(target)
        self._waiting: list[WindowRows] = []
        self._held = 0

    def write(self, rows: WindowRows) -> None:
        """Take closed rows, corrections among them."""
        self._waiting.append(rows)
        self._held += len(rows)
        if self._held >= _GATHER:
            self.flush()

    def flush(self) -> None:
        """Show all closes that were taken so far.

        Raises:
            OutputFailed: they could not be written.
            BrokenPipeError: the reader of standard output has gone.
        """
        if self._held:
            rows = WindowRows.concat(self._waiting)
            self._waiting, self._held = [], 0
            self._bytes.write("".join(f"{n}\n" for n in lines(rows, self._context)).encode())

    def abandon(self) -> None:
        """Show what is left."""
        self.close()

    def close(self) -> None:
        """Show what is left. Safe to call twice."""
        try:
            self.flush()
        finally:
            self._bytes.close()


_GATHER = 8192
"""Rows kept before they are shown, where nobody flushes: small closes cost less together."""


def lines(rows: WindowRows, context: RowContext) -> list[str]:
    """The lines of closed rows: of each window the ten largest, then how many there are besides.

    A line reads `00:00:05 30s/5s 0000143502 5.00 (1) ▁▁▁▁█`: end, window, product, mean, count,
    stars. A correction says so behind.
    """
    changes = np.ones(len(rows), np.bool_)
    changes[1:] = (np.diff(rows.end_ms) != 0) | (np.diff(rows.spec) != 0)
    changes[1:] |= (rows.revision[1:] > 0) != (rows.revision[:-1] > 0)
    first = np.flatnonzero(changes)
    run = np.cumsum(changes) - 1
    # Corrections stay in the order in which they came.
    size = np.where(rows.revision > 0, 0, -rows.count)
    order = np.lexsort((np.arange(len(rows)), size, run))
    place = np.arange(len(rows)) - first[run]
    shown = order[place < TOP]
    sizes = np.diff(first, append=len(rows))
    return _with_rest(_row_lines(rows.take(shown), context), sizes.tolist(), rows, context)


def _row_lines(rows: WindowRows, context: RowContext) -> list[str]:
    heads = _heads(rows, context)
    ids = context.products.texts(rows.product)
    means = decimal_texts(rounded_means(rows.stars, context.job.scale, 2), 2)
    columns = zip(
        heads, ids, means, rows.count.tolist(), rows.stars.tolist(), rows.revision, strict=True
    )
    return [
        f"{head} {printable(product, _LONGEST_ID)} {mean} ({count}) {bars(stars)}"
        + (f" correction {revision}" if revision else "")
        for head, product, mean, count, stars, revision in columns
    ]


def _heads(rows: WindowRows, context: RowContext) -> list[str]:
    windows = [(window, window.label) for window in context.job.windows]
    ends = zip(rows.end_ms.tolist(), map(windows.__getitem__, rows.spec.tolist()), strict=True)
    return [f"{end_text(end, window)} {label}" for end, (window, label) in ends]


def _with_rest(
    shown: list[str], sizes: list[int], rows: WindowRows, context: RowContext
) -> list[str]:
    """The shown lines of each window, and behind them the number of those that are not."""
    found: list[str] = []
    taken = first = 0
    for size in sizes:
        found += shown[taken : taken + min(size, TOP)]
        taken += min(size, TOP)
        if size > TOP:
            head = _heads(rows.take(slice(first, first + 1)), context)[0]
            found.append(f"{head} … and {size - TOP:,} more")
        first += size
    return found
