"""Which rows of a window are shown, and in which order, without sorting all of them."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from starwatch.ratings.means import mean_fractions, rounded_means
from starwatch.ratings.scale import Scale
from starwatch.terminal.previous import PreviousMeans
from starwatch.windows.rows import WindowRows

_MOST = 2**31
"""Above this, counts are equal for the order: the keys below stay inside 64 bits."""


class SortKey(StrEnum):
    """What the table is sorted by; equal rows come by product id."""

    COUNT = "count"  # most first
    MEAN = "mean"  # highest to two digits first, then by count
    CHANGE = "change"  # largest change first, up or down; products without one last
    PRODUCT = "product"

    @property
    def following(self) -> "SortKey":
        """The key that comes after this one when a person cycles through them."""
        keys = list(SortKey)
        return keys[(keys.index(self) + 1) % len(keys)]


def top(
    rows: WindowRows, sort: SortKey, limit: int, *, scale: Scale, previous: PreviousMeans
) -> NDArray[np.intp]:
    """The numbers of the first `limit` rows in the order of `sort`.

    Args:
        rows: Rows of one window, by rising product id.
        sort: What to sort by.
        limit: How many are wanted at most.
        scale: The scale of stars.
        previous: The last closed windows, for the change.
    """
    if sort is SortKey.PRODUCT or limit <= 0:
        return np.arange(min(len(rows), max(limit, 0)))
    key = _KEYS[sort](rows, scale, previous)
    # Unique keys: equal rows by rising number, whatever the partition does with them.
    key = key * len(rows) - np.arange(len(rows))
    chosen = np.arange(len(rows))
    if limit < len(rows):
        chosen = np.argpartition(-key, limit)[:limit]
    order: NDArray[np.intp] = chosen[np.argsort(-key[chosen])]
    return order


def _by_count(rows: WindowRows, _: Scale, __: PreviousMeans) -> NDArray[np.int64]:
    return np.minimum(rows.count, _MOST)


def _by_mean(rows: WindowRows, scale: Scale, _: PreviousMeans) -> NDArray[np.int64]:
    count = np.minimum(rows.count, _MOST)
    key: NDArray[np.int64] = rounded_means(rows.stars, scale, 2).astype(np.int64)
    return key * int(count.max(initial=0) + 1) + count


def _by_change(rows: WindowRows, scale: Scale, previous: PreviousMeans) -> NDArray[np.int64]:
    now, per = mean_fractions(rows.stars, scale)
    before, of = previous.fractions(int(rows.spec[0]) if len(rows) else 0, rows.product)
    # Floats are good enough for an order: equal fractions of up to 2^53 stay equal.
    n, d, m, e = (column.astype(np.float64) for column in (now, per, before, of))
    change = np.rint(np.abs(n * e - m * d) / (d * np.maximum(e, 1)) * 1e6)
    return np.where(of > 0, change, -1).astype(np.int64)


_KEYS = {SortKey.COUNT: _by_count, SortKey.MEAN: _by_mean, SortKey.CHANGE: _by_change}
