"""Rows of windows as columns: what the operator emits and every sink receives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class WindowRows:
    """Windows of products, one a row; all columns have one length n.

    Closed rows come in the order (end, spec as configured, product id by UTF-8 bytes); a
    correction comes where its late rating came, those of one rating in the same order.

    Attributes:
        spec: int16; which of the job's window specs.
        product: int32; the product's code, for `ProductIds.take`.
        end_ms: int64; the window's end. Its start is `end_ms - size_ms` of its spec.
        stars: int32 or int64, shape (n, steps); the star histogram. Never all zero.
        revision: int32; 0, or which correction of this window this is.
    """

    spec: NDArray[np.int16]
    product: NDArray[np.int32]
    end_ms: NDArray[np.int64]
    stars: NDArray[np.integer]
    revision: NDArray[np.int32]

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.spec)

    @classmethod
    def empty(cls, steps: int) -> Self:
        """No rows."""
        return cls(
            spec=np.empty(0, np.int16),
            product=np.empty(0, np.int32),
            end_ms=np.empty(0, np.int64),
            stars=np.empty((0, steps), np.int32),
            revision=np.empty(0, np.int32),
        )

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """The rows of all parts, one after the other; there is at least one part."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            spec=np.concatenate([p.spec for p in parts]),
            product=np.concatenate([p.product for p in parts]),
            end_ms=np.concatenate([p.end_ms for p in parts]),
            stars=np.concatenate([p.stars for p in parts]),
            revision=np.concatenate([p.revision for p in parts]),
        )

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Self:
        """The rows at these numbers, where this mask holds, or of this slice."""
        return type(self)(
            spec=self.spec[rows],
            product=self.product[rows],
            end_ms=self.end_ms[rows],
            stars=self.stars[rows],
            revision=self.revision[rows],
        )

    @property
    def count(self) -> NDArray[np.int64]:
        """How many ratings each window holds."""
        counts: NDArray[np.int64] = self.stars.sum(axis=1, dtype=np.int64)
        return counts
