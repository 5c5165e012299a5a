"""Ratings of a made-up shop as columns of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows in order of arrival; all columns have one length n.

    Attributes:
        arrival_ms: int64, never falling; UTC epoch milliseconds.
        event_ms: int64; at most the disorder before the arrival, never after it.
        product: int32; row of the catalogue, which is the rank of its popularity from 0.
        reviewer: uint64; below the pool's size the pool's, above it a newcomer of an incident.
        stars: uint8; index of the step on the scale.
        number: uint64; the rating's own number; an exact repeat has that of its original.
        flaw: uint8; 0 for a sound rating, otherwise a `Flaw`: the row is a broken copy of one.
    """

    arrival_ms: NDArray[np.int64]
    event_ms: NDArray[np.int64]
    product: NDArray[np.int32]
    reviewer: NDArray[np.uint64]
    stars: NDArray[np.uint8]
    number: NDArray[np.uint64]
    flaw: NDArray[np.uint8]

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.arrival_ms)

    @classmethod
    def empty(cls) -> Self:
        """No rows."""
        times = np.empty(0, dtype=np.int64)
        numbers, steps = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.uint8)
        product = np.empty(0, dtype=np.int32)
        return cls(times, times, product, numbers, steps, numbers, steps)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Self:
        """These rows, by number or by mask."""
        return type(self)(*(column[rows] for column in self._columns()))

    def slice(self, start: int, stop: int) -> Self:
        """The rows from `start` up to `stop`, without copying."""
        return type(self)(*(column[start:stop] for column in self._columns()))

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """All rows of the parts, one part after the other; at least one part."""
        full = [part for part in parts if len(part)] or list(parts[:1])
        if len(full) == 1:
            return full[0]
        columns = zip(*(part._columns() for part in full), strict=True)  # noqa: SLF001
        return cls(*(np.concatenate(same) for same in columns))

    def by_arrival(self) -> Self:
        """The rows ordered by arrival, ties in the order that they have."""
        if len(self) == 0:
            return self
        # One sort of unique integers is faster than a stable argsort, and as stable.
        bits = max(len(self) - 1, 1).bit_length()
        keys = (self.arrival_ms - self.arrival_ms.min()) << bits
        keys |= np.arange(len(self))
        keys.sort()
        return self.take(keys & ((1 << bits) - 1))

    def _columns(self) -> list[NDArray[Any]]:
        return [getattr(self, column.name) for column in fields(self)]
