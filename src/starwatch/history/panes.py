"""Ratings counted into panes: one length of time of one product, as a star histogram.

A pane is keyed (product, start, watermark met). A rating in time has met none: the watermark had
not passed the end of its pane by more than the allowed lateness L, so every window that holds the
pane and was emitted holds the rating, corrections included. Others stand apart by the watermark
that they met, rounded down to a number of whole panes plus L, by which nothing is lost: a window
that ends on the edge of a pane was gone for a rating exactly if `met_ms >= end + L`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starwatch.admission.ledger import Class
from starwatch.ratings.batch import NO_TIME
from starwatch.ratings.scale import Scale, star_names
from starwatch.windows.job import Job, WindowTime

BACKFILLED_MS = 864 * 10**12
"""The watermark that backfilled ratings are said to have met: ten million days after the epoch, in
the year 29,349. No window ends so late, so they are in none as emitted, and in all complete ones.
"""


COLUMNS = ("arrival_ms", "stars", "event_ms", "class", "met_ms", "product")
"""What panes are made of, of the columns of journalled ratings."""


def pane_schema(scale: Scale) -> pa.Schema:
    """The columns of panes."""
    return pa.schema(
        [
            ("product", pa.dictionary(pa.int32(), pa.string())),
            ("start_ms", pa.int64()),
            ("met_ms", pa.int64()),
            *((name, pa.uint32()) for name in star_names(scale)),
        ]
    )


def pane_tables(
    ratings: pa.Table, job: Job, tiers: Iterable[int]
) -> Iterator[tuple[int, pa.Table]]:
    """The panes of journalled ratings in each tier.

    Args:
        ratings: Columns of `journal.entries.SCHEMA`, at least `COLUMNS`; duplicates and rejected
            ratings are not counted.
        job: The rules by which they were admitted.
        tiers: Lengths of panes in milliseconds, rising.

    Yields:
        A tier and its panes with the columns of `pane_schema`, sorted by product (UTF-8 bytes),
        start and watermark met, those that met none first. Each key comes once.
    """
    exact = _Exact.of(ratings, job)
    finer: list[_Panes] = []
    for tier in tiers:
        source = next((each for each in reversed(finer) if tier % each.tier_ms == 0), None)
        in_time = source.longer(tier) if source else exact.take(exact.delay == 0).panes(tier)
        finer.append(in_time)
        late = exact.take(exact.delay > 0)
        panes = _Panes.merged([in_time, late.panes(tier)]) if len(late.star) else in_time
        yield tier, panes.table(exact.names, job)


@dataclass(frozen=True, slots=True)
class _Exact:
    """Ratings one by one; columns of one length n.

    Attributes:
        names: The product ids by their bytes.
        steps: Steps of the scale.
        product: int64; the place in `names`.
        time: int64; the window time.
        delay: int64; how far the watermark met, less the allowed lateness, was past it; 0 where it
            was not.
        star: int64; the index of the step.
    """

    names: pa.Array
    steps: int
    product: NDArray[np.int64]
    time: NDArray[np.int64]
    delay: NDArray[np.int64]
    star: NDArray[np.int64]

    @classmethod
    def of(cls, ratings: pa.Table, job: Job) -> Self:
        """The counted and the late ones among journalled ratings."""
        classes = ratings["class"].to_numpy()
        inside = (classes == Class.COUNTED) | (classes == Class.LATE)
        if not inside.all():
            ratings = ratings.filter(pa.array(inside))
        ratings = ratings.combine_chunks()
        names, product = _ranked(ratings["product"])
        times = ratings["arrival_ms"].to_numpy()
        if job.time is WindowTime.EVENT:
            event = ratings["event_ms"].to_numpy()
            times = np.where(event == NO_TIME, times, event)
        met = ratings["met_ms"]
        delay = np.zeros(len(times), np.int64)
        if met.null_count < len(met):
            late = met.is_valid().to_numpy()
            past = met.fill_null(0).to_numpy()[late] - job.lateness_ms - times[late]
            delay[late] = np.maximum(past, 0)
        star = ratings["stars"].to_numpy().astype(np.int64)
        return cls(names, job.scale.steps, product, times, delay, star)

    def take(self, rows: NDArray[np.bool_]) -> Self:
        """The ratings where this mask holds."""
        if rows.all():
            return self
        columns = (self.product, self.time, self.delay, self.star)
        return self._with(*(column[rows] for column in columns))

    def _with(self, *columns: NDArray[np.int64]) -> Self:
        return type(self)(self.names, self.steps, *columns)

    def panes(self, tier_ms: int) -> "_Panes":
        """Their panes of one length."""
        columns = (self.product, self.time, self.delay, self.star)
        cuts = range(0, max(len(self.star), 1), _AT_ONCE)
        parts = [self._with(*(column[at : at + _AT_ONCE] for column in columns)) for at in cuts]
        return _Panes.merged([part.piece(tier_ms) for part in parts])

    def piece(self, tier_ms: int) -> "_Panes":
        """The panes of few enough ratings to be sorted at once."""
        start = self.time // tier_ms
        delay = (self.time + self.delay) // tier_ms - start
        keys = _Keys.of(self.product, start, delay, self.steps)
        if keys is None:
            order = np.lexsort((delay, start, self.product))
            columns = self.product[order], start[order], delay[order]
            rows, star = _starts(*columns), self.star[order]
            product, start, delay = (column[rows] for column in columns)
        else:
            packed = keys.pack(self.product, start, delay) + self.star
            packed = _sorted(packed)
            panes, star = np.divmod(packed, self.steps)
            rows = _starts(panes)
            product, start, delay = keys.unpack(panes[rows])
        pane = np.repeat(np.arange(len(rows)), np.diff(rows, append=len(star)))
        cells = star * len(rows) + pane
        stars = np.bincount(cells, minlength=self.steps * len(rows)).reshape(self.steps, -1)
        return _Panes(tier_ms, product, start, delay, stars)


@dataclass(frozen=True, slots=True)
class _Panes:
    """Panes sorted by (product, start, delay), each key once; columns of one length n.

    Attributes:
        tier_ms: Length of a pane.
        product: int64; the place among the names.
        start: int64; the number of the pane.
        delay: int64; how many panes the watermark met was past its own.
        stars: int64, shape (steps, n); the histograms.
    """

    tier_ms: int
    product: NDArray[np.int64]
    start: NDArray[np.int64]
    delay: NDArray[np.int64]
    stars: NDArray[np.int64]

    def longer(self, tier_ms: int) -> Self:
        """The same in longer panes, whose length is a multiple; none of these is delayed."""
        start = self.start // (tier_ms // self.tier_ms)
        return self._summed(tier_ms, self.product, start, self.delay, self.stars)

    @classmethod
    def merged(cls, parts: Sequence[Self]) -> Self:
        """All as one; they are of one length, and there is at least one."""
        if len(parts) == 1:
            return parts[0]
        product = np.concatenate([part.product for part in parts])
        start = np.concatenate([part.start for part in parts])
        delay = np.concatenate([part.delay for part in parts])
        keys = _Keys.of(product, start, delay, 1)
        if keys is None:
            order = np.lexsort((delay, start, product))
        else:
            order = keys.pack(product, start, delay).argsort(kind="stable")
        stars = np.concatenate([part.stars for part in parts], axis=1)
        columns = (product[order], start[order], delay[order], stars[:, order])
        return cls._summed(parts[0].tier_ms, *columns)

    def table(self, names: pa.Array, job: Job) -> pa.Table:
        """As an Arrow table with the columns of `pane_schema`."""
        met = (self.start + self.delay) * self.tier_ms + job.lateness_ms
        columns = [
            pa.DictionaryArray.from_arrays(pa.array(self.product.astype(np.int32)), names),
            pa.array(self.start * self.tier_ms),
            pa.array(met, mask=self.delay == 0),
            *(pa.array(counts.astype(np.uint32)) for counts in self.stars),
        ]
        return pa.table(columns, schema=pane_schema(job.scale))

    @classmethod
    def _summed(cls, tier_ms: int, *columns: NDArray[np.int64]) -> Self:
        """Sorted panes in which a key may come several times."""
        product, start, delay, stars = columns
        rows = _starts(product, start, delay)
        if len(rows) < len(product):
            stars = np.add.reduceat(stars, rows, axis=1)
        return cls(tier_ms, product[rows], start[rows], delay[rows], stars)


@dataclass(frozen=True, slots=True)
class _Keys:
    """Packs (product, start, delay), and room for a star, into one int64 that sorts the same."""

    first: int
    starts: int
    delays: int
    steps: int

    @classmethod
    def of(
        cls,
        product: NDArray[np.int64],
        start: NDArray[np.int64],
        delay: NDArray[np.int64],
        steps: int,
    ) -> Self | None:
        """What fits these columns; None where an int64 is too narrow for them."""
        if not len(product):
            return cls(0, 1, 1, steps)
        first = int(start.min())
        keys = cls(first, int(start.max()) - first + 1, int(delay.max()) + 1, steps)
        fits = (int(product.max()) + 1) * keys.starts * keys.delays * steps < _INT64_SPAN
        return keys if fits else None

    def pack(
        self, product: NDArray[np.int64], start: NDArray[np.int64], delay: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The columns as one; a star can be added to it."""
        return ((product * self.starts + (start - self.first)) * self.delays + delay) * self.steps

    def unpack(
        self, panes: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The columns again, of packed values divided by the steps."""
        rest, delay = np.divmod(panes, self.delays)
        product, start = np.divmod(rest, self.starts)
        return product, start + self.first, delay


def _sorted(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sorted; in half the bytes where they fit, for that takes half as long."""
    if not len(keys) or int(keys.max()) > _UINT32_MAX:
        return np.sort(keys)
    return np.sort(keys.astype(np.uint32)).astype(np.int64)


def _starts(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where a run of equal rows starts, in sorted columns."""
    new = np.zeros(len(columns[0]), bool)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(new)


_AT_ONCE = 1 << 18
"""Ratings that are sorted at once: what fits the caches takes half as long (measured)."""

_INT64_SPAN = 1 << 63
_UINT32_MAX = (1 << 32) - 1


def _ranked(products: pa.ChunkedArray) -> tuple[pa.Array, NDArray[np.int64]]:
    """The distinct ids by their bytes, and the place of each row's id among them."""
    if not len(products):
        return pa.array([], pa.string()), np.empty(0, np.int64)
    encoded = products.combine_chunks().dictionary_encode()
    order = pc.array_sort_indices(encoded.dictionary)
    rank = np.empty(len(order), np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    return encoded.dictionary.take(order), rank[encoded.indices.to_numpy()]
