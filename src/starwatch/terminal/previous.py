"""The mean of each product's last closed window, to be compared with."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from starwatch.ratings.means import mean_fractions
from starwatch.windows.job import Job
from starwatch.windows.rows import WindowRows

_GATHER = 65_536
"""Closed rows kept before they are sorted in: small closes together cost less than one by one."""


class PreviousMeans:
    """Per window spec and product, the exact mean of the newest closed window.

    Memory: three integers a product that was ever in a closed window of the spec.
    """

    def __init__(self, job: Job) -> None:
        self._scale = job.scale
        self._specs = range(len(job.windows))
        self._waiting: list[WindowRows] = []
        self._held = 0
        # By spec: rows of (end, numerator, denominator), one column a product code.
        self._known = [np.zeros((3, 0), np.int64) for _ in self._specs]

    def closed(self, rows: WindowRows) -> None:
        """Take closed rows, corrections among them."""
        self._waiting.append(rows)
        self._held += len(rows)
        if self._held >= _GATHER:
            self._sort_in()

    def fractions(
        self, spec: int, products: NDArray[np.int32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numerators and denominators by product code; 0/0 where there was no closed window."""
        self._sort_in()
        known = self._known[spec]
        found = np.zeros((2, len(products)), np.int64)
        inside = products < known.shape[1]
        found[:, inside] = known[1:, products[inside]]
        return found[0], found[1]

    def means(self, spec: int, products: NDArray[np.int32]) -> list[Fraction | None]:
        """The means by product code, for a few products."""
        pairs = zip(*(column.tolist() for column in self.fractions(spec, products)), strict=True)
        return [Fraction(n, d) if d else None for n, d in pairs]

    def _sort_in(self) -> None:
        if not self._held:
            return
        rows = WindowRows.concat(self._waiting)
        self._waiting, self._held = [], 0
        for spec in self._specs:
            own = rows.take(rows.spec == spec)
            self._take(spec, own.take(own.revision == 0))
            self._take(spec, own.take(own.revision > 0))

    def _take(self, spec: int, rows: WindowRows) -> None:
        """Note rows that are not older than what is known; of several, the last one stays."""
        if not len(rows):
            return
        known = self._room(spec, int(rows.product.max()) + 1)
        first = known[2, rows.product] == 0
        rows = rows.take(first | (rows.end_ms >= known[0, rows.product]))
        order = np.argsort(rows.end_ms, kind="stable")
        rows = rows.take(order)
        numerator, denominator = mean_fractions(rows.stars, self._scale)
        known[:, rows.product] = np.stack(
            [rows.end_ms, numerator.astype(np.int64), denominator.astype(np.int64)]
        )

    def _room(self, spec: int, products: int) -> NDArray[np.int64]:
        known = self._known[spec]
        if known.shape[1] < products:
            more = np.zeros((3, max(products, 2 * known.shape[1]) - known.shape[1]), np.int64)
            known = self._known[spec] = np.concatenate([known, more], axis=1)
        return known
