"""Contributions of ratings to windows: which product and star enter which windows, how often.

A rating belongs to `size/slide` windows with consecutive numbers. A contribution says the same of
many ratings at once: the first window it enters, the last one, product and star as one key, and a
count. A pane of a product is the set of its contributions with one `last`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

_INT64_SPAN = 1 << 63


@dataclass(frozen=True, slots=True)
class Contributions:
    """Columns of one length n, in no particular order.

    Attributes:
        first: int64; number of the first window that they enter.
        last: int64; number of the last one, at least `first`.
        key: int64; product code times steps plus star index.
        count: int64; how many ratings, at least 1.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    key: NDArray[np.int64]
    count: NDArray[np.int64]

    def __len__(self) -> int:
        """The number of contributions, not of ratings."""
        return len(self.key)

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """All parts, one after the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            first=np.concatenate([p.first for p in parts] or [_NONE]),
            last=np.concatenate([p.last for p in parts] or [_NONE]),
            key=np.concatenate([p.key for p in parts] or [_NONE]),
            count=np.concatenate([p.count for p in parts] or [_NONE]),
        )

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Self:
        """The contributions at these rows, where this mask holds, or of this slice."""
        return type(self)(self.first[rows], self.last[rows], self.key[rows], self.count[rows])

    def compact(self) -> Self:
        """Equal contributions merged into one, sorted by (last, first, key)."""
        if len(self) < 2:  # noqa: PLR2004
            return self
        packing = _Packing.of(self)
        if packing is None:
            order = np.lexsort((self.key, self.first, self.last))
            ordered = self.take(order)
            starts = _starts(ordered.last, ordered.first, ordered.key)
            merged = ordered.take(starts)
            counts = np.add.reduceat(ordered.count, starts)
            return type(self)(merged.first, merged.last, merged.key, counts)
        packed = packing.pack(self)
        if self.count.max() == 1:
            packed.sort()
            starts = _starts(packed)
            counts = np.diff(starts, append=len(packed))
        else:
            order = np.argsort(packed)
            packed = packed[order]
            starts = _starts(packed)
            counts = np.add.reduceat(self.count[order], starts)
        return type(self)(*packing.unpack(packed[starts]), counts)


_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class _Packing:
    """(last, first, key) as one int64, so that one plain sort orders all three."""

    last: int
    length: int
    keys: int

    @classmethod
    def of(cls, these: Contributions) -> Self | None:
        """A packing that fits these contributions, or None where int64 is too small."""
        last, top = int(these.last.min()), int(these.last.max())
        length = int((these.last - these.first).max()) + 1
        keys = int(these.key.max()) + 1
        fits = (top - last + 1) * length * keys < _INT64_SPAN
        return cls(last, length, keys) if fits else None

    def pack(self, these: Contributions) -> NDArray[np.int64]:
        """Negative lengths so that a smaller `first` sorts first."""
        shorter = self.length - 1 - (these.last - these.first)
        return ((these.last - self.last) * self.length + shorter) * self.keys + these.key

    def unpack(
        self, packed: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """`first`, `last` and `key` of packed values."""
        spans, key = np.divmod(packed, self.keys)
        ahead, shorter = np.divmod(spans, self.length)
        last = ahead + self.last
        return last - (self.length - 1 - shorter), last, key


def _starts(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where a run of equal rows starts, in sorted columns."""
    new = np.empty(len(columns[0]), bool)
    new[0] = True
    np.not_equal(columns[0][1:], columns[0][:-1], out=new[1:])
    for column in columns[1:]:
        new[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(new)


class Held:
    """Contributions of entered panes, kept until they leave their last window; kept small.

    Only `last` is still of interest, so each run keeps it once for all its contributions: a
    contribution takes 8 bytes where product codes allow.
    """

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self.latest: int | None = None

    def add(self, these: Contributions) -> None:
        """Keep contributions that are sorted by `last`; there is at least one."""
        self._runs.append(_Run.of(these))
        newest = int(these.last[-1])
        self.latest = newest if self.latest is None else max(self.latest, newest)
        if len(self._runs) > _MANY_RUNS:
            self._merge()

    def pop_before(
        self, number: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Let go of all contributions with last < number: their `last`, `key` and `count`."""
        gone, kept = [], []
        for run in self._runs:
            leaving, staying = run.split(number)
            gone += leaving
            kept += staying
        self._runs = kept
        if not kept:
            self.latest = None
        if not gone:
            return _NONE, _NONE, _NONE
        return (
            np.concatenate([run.lasts() for run in gone]),
            np.concatenate([run.key for run in gone]).astype(np.int64),
            np.concatenate([run.count for run in gone]).astype(np.int64),
        )

    def all(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """`last`, `key` and `count` of everything kept."""
        runs = self._runs
        return (
            np.concatenate([run.lasts() for run in runs] or [_NONE]),
            np.concatenate([run.key for run in runs] or [_NONE]).astype(np.int64),
            np.concatenate([run.count for run in runs] or [_NONE]).astype(np.int64),
        )

    def _merge(self) -> None:
        """Many small runs into one, so that a close never walks over thousands."""
        last, key, count = self.all()
        order = np.argsort(last, kind="stable")
        merged = Contributions(last[order], last[order], key[order], count[order])
        self._runs = [_Run.of(merged)]


_MANY_RUNS = 64


@dataclass(frozen=True, slots=True)
class _Run:
    """Contributions sorted by `last`, which stands once for each stretch of equal ones."""

    last: NDArray[np.int64]
    stops: NDArray[np.int64]
    key: NDArray[np.integer]
    count: NDArray[np.integer]

    @classmethod
    def of(cls, these: Contributions) -> Self:
        """Contributions that are sorted by `last`."""
        starts = _starts(these.last)
        return cls(
            last=these.last[starts],
            stops=np.append(starts[1:], len(these)),
            key=_narrow(these.key),
            count=_narrow(these.count),
        )

    def lasts(self) -> NDArray[np.int64]:
        """`last` of every contribution."""
        return np.repeat(self.last, np.diff(self.stops, prepend=0))

    def split(self, number: int) -> tuple[list[Self], list[Self]]:
        """The part with last < number, and the rest; a part without contributions is left out."""
        if self.last[0] >= number:
            return [], [self]
        if self.last[-1] < number:
            return [self], []
        groups = int(np.searchsorted(self.last, number, "left"))
        at = int(self.stops[groups - 1])
        leaving = type(self)(
            self.last[:groups], self.stops[:groups], self.key[:at], self.count[:at]
        )
        staying = type(self)(
            self.last[groups:], self.stops[groups:] - at, self.key[at:], self.count[at:]
        )
        return [leaving], [staying]


def _narrow(values: NDArray[np.int64]) -> NDArray[np.integer]:
    """The same integers in 4 bytes each where they fit."""
    return values.astype(np.uint32) if int(values.max()) < 1 << 32 else values
