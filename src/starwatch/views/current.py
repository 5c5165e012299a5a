"""The newest windows of all products for one window spec, kept up to date pane by pane.

What panes give to windows is a contribution: a histogram for each product that enters at one window
and leaves behind another. So the newest closed window is a running sum, as in the engine, and late
ratings enter at the first window that was not gone for them.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from starwatch.ratings.batch import NO_TIME
from starwatch.views.blocks import Block, run_starts
from starwatch.views.spill import spilled
from starwatch.views.totals import grown
from starwatch.windows.spec import WindowSpec

TREND = 24
"""Windows that a trend shows."""

_PIECES = 6
"""Contributions to the same windows that may lie side by side before they are summed up."""

Key = tuple[int, int]
"""The first and the last window of a contribution."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Histograms of some products; columns of one length n.

    Attributes:
        codes: int32, rising.
        stars: Shape (n, steps), of the narrowest unsigned integers that hold them.
        spilled: Whether they lie in a temporary file.
    """

    codes: NDArray[np.int32]
    stars: NDArray[np.unsignedinteger]
    spilled: bool = False

    @classmethod
    def narrow(cls, codes: NDArray[np.int32], stars: NDArray[np.int64]) -> Self:
        """A piece in as little memory as it can be; it shares none."""
        return cls(codes.copy(), stars.astype(np.min_scalar_type(stars.max(initial=0))))

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        return 0 if self.spilled else self.codes.nbytes + self.stars.nbytes

    def of(self, codes: NDArray[np.integer]) -> NDArray[np.unsignedinteger]:
        """The histograms of these products, zeros where it has none; shape (len(codes), steps)."""
        found = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        stars = self.stars[found]
        stars[self.codes[found] != codes] = 0
        return stars


class CurrentWindows:
    """The newest closed window of every product, and those around it, of one spec.

    Windows are numbered as `WindowSpec` does it.

    Args:
        spec: The windows.
        steps: Steps of the scale.
        lateness_ms: How long a closed window takes corrections.
        memory: Bytes of contributions that are kept in memory at most.

    Attributes:
        number: The newest closed window; None before one has closed.
        held: Bytes of contributions that are in memory.
        whole_from: Windows before this one may lack panes that were let go, and are not shown;
            None: none do.
    """

    def __init__(self, spec: WindowSpec, steps: int, lateness_ms: int, memory: int) -> None:
        self.spec = spec
        self.number: int | None = None
        self.held = 0
        self.whole_from: int | None = None
        self._lateness_ms = lateness_ms
        self._memory = memory
        self._keep = max(spec.panes, TREND)
        self._pieces: dict[Key, list[Piece]] = {}
        self._enters: defaultdict[int, set[Key]] = defaultdict(set)
        self._leaves: defaultdict[int, set[Key]] = defaultdict(set)
        self._stars = np.zeros((0, steps), np.int64)
        self._before = np.zeros((0, steps), np.int64)

    def first_start_ms(self, number: int) -> int:
        """From which start on panes matter while this is the newest closed window."""
        return self.spec.end_ms(number - self._keep - self.spec.panes)

    def take(self, panes: Block, products: int, newest: int | None) -> None:
        """Count panes that divide the slide.

        Args:
            panes: The panes.
            products: How many products there are.
            newest: The newest closed window after these panes; older ones that nobody will ask for
                are passed over.
        """
        self._stars, self._before = grown(self._stars, products), grown(self._before, products)
        spec = self.spec
        first = (panes.start_ms - spec.offset_ms) // spec.slide_ms + 1
        last = first + (spec.panes - 1)
        late = panes.met_ms != NO_TIME
        if late.any():
            met = panes.met_ms[late] - self._lateness_ms
            gone = (met - spec.offset_ms) // spec.slide_ms
            first[late] = np.maximum(first[late], gone + 1)
        wanted = first <= last
        if newest is not None:
            wanted &= last >= newest - self._keep
        if not wanted.all():
            panes, first, last = panes.take(wanted), first[wanted], last[wanted]
        if len(panes):
            self._enter(panes, first, last)
        if self.held > self._memory:
            self._spill()

    def advance(self, number: int) -> None:
        """Make this the newest closed window; it never goes back."""
        old = self.number
        if old is not None and number <= old:
            return
        self.number = number
        if old is None or 2 * (number - old) > self.spec.panes:  # then summing up is less
            self._sum_up(number)
        else:
            for step in range(old + 1, number + 1):
                self._step(self._stars, step)
                self._step(self._before, step - self.spec.panes)
        self._forget(number - self._keep)

    @property
    def shown(self) -> int | None:
        """The newest closed window, if all of it is there."""
        number = self.number
        return number if number is not None and self._whole(number) else None

    def stars(self, products: int) -> NDArray[np.int64]:
        """Histograms of that window, shape (products, steps); not to be written to."""
        self._stars = grown(self._stars, products)
        return self._level(self._stars, self.number, products)

    def before(self, products: int) -> NDArray[np.int64]:
        """Histograms of the window one size earlier, shape (products, steps)."""
        self._before = grown(self._before, products)
        number = None if self.number is None else self.number - self.spec.panes
        return self._level(self._before, number, products)

    def at(self, number: int, codes: NDArray[np.integer]) -> NDArray[np.int64]:
        """Histograms of some products in a window from `TREND` before the newest closed one on.

        Returns:
            int64, shape (len(codes), steps).
        """
        found: NDArray[np.int64] = self.around(number, number, codes)[0]
        return found

    def around(self, first: int, last: int, codes: NDArray[np.integer]) -> NDArray[np.int64]:
        """Histograms of some products in a range of such windows.

        Returns:
            int64, shape (windows, len(codes), steps).
        """
        at = self.number
        if at is None:
            at = min(self._enters, default=last + 1) - 1
        self._stars = grown(self._stars, int(codes.max(initial=-1)) + 1)
        level = self._stars[codes]
        levels = {at: level}
        for number in range(at, first, -1):
            level = level - self._change(number, codes)
            levels[number - 1] = level
        level = levels[at]
        for number in range(at + 1, last + 1):
            level = level + self._change(number, codes)
            levels[number] = level
        nothing = np.zeros_like(level)
        return np.stack(
            [
                levels[number] if number in levels and self._whole(number) else nothing
                for number in range(first, last + 1)
            ]
        )

    def _whole(self, number: int) -> bool:
        return self.whole_from is None or number >= self.whole_from

    def _level(
        self, level: NDArray[np.int64], number: int | None, products: int
    ) -> NDArray[np.int64]:
        """A running sum, if all of its window is there."""
        if number is not None and self._whole(number):
            return level[:products]
        return np.zeros((products, level.shape[1]), np.int64)

    def _enter(self, panes: Block, first: NDArray[np.int64], last: NDArray[np.int64]) -> None:
        order = np.lexsort((panes.code, last, first))
        first, last, code = first[order], last[order], panes.code[order]
        rows = run_starts(first, last, code)
        stars = np.add.reduceat(panes.stars[order], rows, axis=0, dtype=np.int64)
        first, last, code = first[rows], last[rows], code[rows]
        keys = run_starts(first, last)
        for start, stop in zip(keys.tolist(), [*keys[1:].tolist(), len(code)], strict=True):
            piece = Piece.narrow(code[start:stop], stars[start:stop])
            self._add((int(first[start]), int(last[start])), piece)

    def _add(self, key: Key, piece: Piece) -> None:
        enters, leaves = key
        pieces = self._pieces.setdefault(key, [])
        before = sum(each.nbytes for each in pieces)
        pieces.append(piece)
        if len(pieces) > _PIECES:
            pieces[:] = _fewer(pieces)
        self.held += sum(each.nbytes for each in pieces) - before
        self._enters[enters].add(key)
        self._leaves[leaves + 1].add(key)
        if self.number is not None:
            for level, number in self._levels(self.number):
                if enters <= number <= leaves:
                    level[piece.codes] += piece.stars

    def _levels(self, number: int) -> list[tuple[NDArray[np.int64], int]]:
        return [(self._stars, number), (self._before, number - self.spec.panes)]

    def _sum_up(self, number: int) -> None:
        for level, at in self._levels(number):
            level[:] = 0
            for (first, last), pieces in self._pieces.items():
                if first <= at <= last:
                    for piece in pieces:
                        level[piece.codes] += piece.stars

    def _step(self, level: NDArray[np.int64], number: int) -> None:
        for key in self._enters.get(number, ()):
            for piece in self._pieces[key]:
                level[piece.codes] += piece.stars
        for key in self._leaves.get(number, ()):
            for piece in self._pieces[key]:
                level[piece.codes] -= piece.stars

    def _change(self, number: int, codes: NDArray[np.integer]) -> NDArray[np.int64]:
        """What a window holds more than the one before it, of some products."""
        change = np.zeros((len(codes), self._stars.shape[1]), np.int64)
        for key in self._enters.get(number, ()):
            for piece in self._pieces[key]:
                change += piece.of(codes)
        for key in self._leaves.get(number, ()):
            for piece in self._pieces[key]:
                change -= piece.of(codes)
        return change

    def _spill(self) -> None:
        """Put all contributions that are in memory into one temporary file."""
        held = [
            (pieces, place)
            for pieces in self._pieces.values()
            for place, piece in enumerate(pieces)
            if not piece.spilled
        ]
        kept = [pieces[place] for pieces, place in held]
        columns = spilled([column for piece in kept for column in (piece.codes, piece.stars)])
        for (pieces, place), codes, stars in zip(held, columns[::2], columns[1::2], strict=True):
            pieces[place] = Piece(codes, stars, spilled=True)
        self.held = 0

    def _forget(self, number: int) -> None:
        """Let go what ended before a window."""
        for key in [key for key in self._pieces if key[1] < number]:
            self.held -= sum(piece.nbytes for piece in self._pieces.pop(key))
            for edges, edge in ((self._enters, key[0]), (self._leaves, key[1] + 1)):
                edges[edge].discard(key)
                if not edges[edge]:
                    del edges[edge]


def _fewer(pieces: list[Piece]) -> list[Piece]:
    """Those in memory as one; those in files stay there."""
    filed = [piece for piece in pieces if piece.spilled]
    return [*filed, _summed([piece for piece in pieces if not piece.spilled])]


def _summed(pieces: list[Piece]) -> Piece:
    codes = np.concatenate([piece.codes for piece in pieces])
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    rows = run_starts(codes)
    stars = np.concatenate([piece.stars for piece in pieces])[order]
    return Piece.narrow(codes[rows], np.add.reduceat(stars, rows, axis=0, dtype=np.int64))
