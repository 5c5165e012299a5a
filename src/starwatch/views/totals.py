"""What every product got over all time that is kept."""

import numpy as np
from numpy.typing import NDArray

from starwatch.views.blocks import Block, run_starts

_NEVER = np.iinfo(np.int64).min


class Totals:
    """All-time star histograms, and first and last panes, by product code.

    Args:
        steps: Steps of the scale.
    """

    def __init__(self, steps: int) -> None:
        self._stars = np.zeros((0, steps), np.int64)
        self._first = np.zeros(0, np.int64)
        self._last = np.zeros(0, np.int64)

    def add(self, panes: Block, products: int) -> None:
        """Count panes; each in one tier only.

        Args:
            panes: Panes in which the rows of a product are neighbours.
            products: How many products there are.
        """
        self._stars = grown(self._stars, products)
        self._first = grown(self._first, products, -_NEVER - 1)
        self._last = grown(self._last, products, _NEVER)
        if not len(panes):
            return
        rows = run_starts(panes.code)
        codes = panes.code[rows]
        stars = np.add.reduceat(panes.stars.astype(np.int64), rows, axis=0)
        np.add.at(self._stars, codes, stars)
        np.minimum.at(self._first, codes, np.minimum.reduceat(panes.start_ms, rows))
        np.maximum.at(self._last, codes, np.maximum.reduceat(panes.start_ms, rows))

    def see(self, panes: Block) -> None:
        """Sharpen the moments by shorter panes of ratings that are counted already."""
        if len(panes):
            np.maximum.at(self._last, panes.code, panes.start_ms)

    def stars(self, products: int) -> NDArray[np.int64]:
        """The histograms, shape (products, steps)."""
        self._stars = grown(self._stars, products)
        stars: NDArray[np.int64] = self._stars[:products]
        return stars

    def first_ms(self, codes: NDArray[np.integer]) -> NDArray[np.int64]:
        """Where the first pane of each product starts."""
        first: NDArray[np.int64] = self._first[codes]
        return first

    def last_ms(self, codes: NDArray[np.integer] | slice) -> NDArray[np.int64]:
        """Where the last pane of each product starts."""
        last: NDArray[np.int64] = self._last[codes]
        return last


def grown(column: NDArray[np.int64], rows: int, fill: int = 0) -> NDArray[np.int64]:
    """A column with room for so many rows, of which the new ones hold `fill`."""
    if rows <= len(column):
        return column
    more = np.full((max(rows, 2 * len(column)) - len(column), *column.shape[1:]), fill, np.int64)
    return np.concatenate([column, more])
