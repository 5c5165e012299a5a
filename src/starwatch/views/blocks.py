"""Panes as columns with product codes: what views are put together of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.ratings.batch import NO_TIME
from starwatch.windows.products import ProductIds

_INT64_SPAN = 1 << 63
"""How many values a packed key can take; one column sorts several times as fast as three."""


@dataclass(frozen=True, slots=True)
class Block:
    """Panes of one length; columns of one length n. A key may come repeatedly.

    Attributes:
        code: int32; the product.
        start_ms: int64; where each pane starts.
        met_ms: int64; the watermark that its ratings met (`starwatch.history.panes`), `NO_TIME`
            for ratings in time.
        stars: uint32, shape (n, steps); the histograms.
    """

    code: NDArray[np.int32]
    start_ms: NDArray[np.int64]
    met_ms: NDArray[np.int64]
    stars: NDArray[np.uint32]

    def __len__(self) -> int:
        """The number of panes."""
        return len(self.code)

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """In the order in which a block is made of them."""
        return self.code, self.start_ms, self.met_ms, self.stars

    @property
    def nbytes(self) -> int:
        """What they take."""
        return sum(column.nbytes for column in self.columns)

    @classmethod
    def empty(cls, steps: int) -> Self:
        """No pane."""
        none = np.empty(0, np.int64)
        return cls(none.astype(np.int32), none, none, np.empty((0, steps), np.uint32))

    @classmethod
    def of(cls, panes: pa.Table, products: ProductIds) -> Self:
        """Panes with the columns of `history.panes.pane_schema`, whose products get codes."""
        ids = panes["product"].combine_chunks()
        if not pa.types.is_dictionary(ids.type):
            ids = ids.dictionary_encode()
        codes = products.encode(ids.dictionary)
        counts = [column.to_numpy() for column in panes.columns[3:]]
        return cls(
            codes[ids.indices.to_numpy(zero_copy_only=False)],
            panes["start_ms"].to_numpy(),
            panes["met_ms"].fill_null(NO_TIME).to_numpy(),
            np.stack(counts, axis=1).astype(np.uint32, copy=False),
        )

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """All panes, one block after the other; at least one."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([part.code for part in parts]),
            np.concatenate([part.start_ms for part in parts]),
            np.concatenate([part.met_ms for part in parts]),
            np.concatenate([part.stars for part in parts]),
        )

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Self:
        """The panes at these rows, or where this mask holds."""
        return type(self)(self.code[rows], self.start_ms[rows], self.met_ms[rows], self.stars[rows])

    def by_code(self) -> Self:
        """Sorted by product, start and watermark met, each key once."""
        order = self._order()
        if order is None:
            return self
        code, start, met = self.code[order], self.start_ms[order], self.met_ms[order]
        rows = run_starts(code, start, met)
        stars = self.stars[order]
        if len(rows) < len(order):
            stars = np.add.reduceat(stars, rows, axis=0, dtype=np.uint32)
        return type(self)(code[rows], start[rows], met[rows], stars)

    def _order(self) -> NDArray[np.int64] | None:
        """Rows sorted by product, start and watermark met; those of one key in any order.

        None where they are sorted, and each key is there once.
        """
        first = int(self.start_ms.min(initial=0))
        span = int(self.start_ms.max(initial=0)) - first + 1
        in_time = not len(self) or int(self.met_ms.max()) == NO_TIME
        if in_time and span * (int(self.code.max(initial=0)) + 1) < _INT64_SPAN:
            keys = self.code.astype(np.int64) * span + (self.start_ms - first)
            if (keys[1:] > keys[:-1]).all():  # sorting takes twenty times as long
                return None
            order: NDArray[np.int64] = np.argsort(keys)
            return order
        return np.lexsort((self.met_ms, self.start_ms, self.code))

    def of_product(self, code: int) -> Self:
        """The panes of one product; the block must be sorted by product."""
        first, stop = np.searchsorted(self.code, [code, code + 1])
        return self.take(slice(int(first), int(stop)))


def run_starts(*columns: NDArray[np.integer]) -> NDArray[np.int64]:
    """Where a run of equal rows starts, in columns of one length."""
    new = np.zeros(len(columns[0]), bool)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(new)
