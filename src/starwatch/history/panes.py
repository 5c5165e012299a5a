"""Ratings counted into panes: one length of time of one product, as a star histogram.

A pane is keyed (product, start, watermark met). A rating in time has met none: the watermark had
not passed the end of its pane by more than the allowed lateness L, so every window that holds the
pane and was emitted holds the rating, corrections included. Others stand apart by the watermark
that they met, rounded down to a number of whole panes plus L, by which nothing is lost: a window
that ends on the edge of a pane was gone for a rating exactly if `met_ms >= end + L`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starwatch.admission.ledger import Class
from starwatch.ratings.batch import NO_TIME
from starwatch.ratings.scale import Scale, star_names
from starwatch.windows.job import Job, WindowTime

Order: TypeAlias = Callable[[pa.Array], pa.Array]
"""Gives the places of distinct ids in the order that they are to be in."""

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
    ratings: pa.Table, job: Job, tiers: Iterable[int], order: Order = pc.array_sort_indices
) -> Iterator[tuple[int, pa.Table]]:
    """The panes of a table of ratings in each tier, as `Counting` gives them."""
    counting = Counting(job, order)
    for batch in ratings.to_batches():
        counting.add(batch)
    return counting.tables(tiers)


class Counting:
    """Takes journalled ratings bit by bit, and gives their panes.

    Of each rating it keeps some thirteen bytes, so whoever has a million of them to count needs
    not have them in memory.

    Args:
        job: The rules by which they were admitted.
        order: The order that products are to be in; by default that of the UTF-8 bytes of ids.
    """

    def __init__(self, job: Job, order: Order = pc.array_sort_indices) -> None:
        self._job = job
        self._order = order
        self._came = self._waiting_rows = 0
        self._waiting: list[pa.RecordBatch] = []
        self._parts: list[_Part] = []

    def __len__(self) -> int:
        """How many ratings came."""
        return self._came

    def add(self, ratings: pa.RecordBatch) -> None:
        """Take ratings: columns of `journal.entries.SCHEMA`, at least `COLUMNS`.

        Duplicates and rejected ratings are not counted.
        """
        self._came += len(ratings)
        self._waiting_rows += len(ratings)
        self._waiting.append(ratings.select(COLUMNS))
        if self._waiting_rows >= _AT_ONCE:
            self._take_in()

    def tables(self, tiers: Iterable[int]) -> Iterator[tuple[int, pa.Table]]:
        """The panes in each tier; nothing can be added any more.

        Args:
            tiers: Lengths of panes in milliseconds, rising.

        Yields:
            A tier and its panes with the columns of `pane_schema`, sorted by product (in the order
            that was given), start and watermark met, those that met none first. Each key comes
            once.
        """
        self._take_in()
        names, places = _ranked([part.names for part in self._parts], self._order)
        in_time, late = (
            _Exact.of([one.in_time if on else one.late for one in self._parts], places)
            for on in (True, False)
        )
        self._parts = []
        steps = self._job.scale.steps
        finer: list[_Panes] = []
        for tier in tiers:
            source = next((each for each in reversed(finer) if tier % each.tier_ms == 0), None)
            panes = source.longer(tier) if source else in_time.panes(tier, steps)
            finer.append(panes)
            if len(late.star):
                panes = _Panes.merged([panes, late.panes(tier, steps)])
            yield tier, panes.table(names, self._job)

    def _take_in(self) -> None:
        """Keep of what waits only what panes are made of."""
        if self._waiting:
            ratings = pa.Table.from_batches(self._waiting)
            self._parts.append(_Part.of(ratings, self._job))
        self._waiting, self._waiting_rows = [], 0


@dataclass(frozen=True, slots=True)
class _Exact:
    """Ratings one by one; columns of one length n.

    Attributes:
        product: int32; the place of each id among the names.
        time: int64; the window time.
        star: uint8; the index of the step.
        delay: int64; how far the watermark met, less the allowed lateness, was past the window
            time; None where it was not for any.
    """

    product: NDArray[np.int32]
    time: NDArray[np.int64]
    star: NDArray[np.uint8]
    delay: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, parts: Sequence[Self], places: Sequence[NDArray[np.int32]]) -> Self:
        """All as one, with their places among all names for those among the names of a part."""
        delays = [part.delay for part in parts if part.delay is not None]
        return cls(
            _joined([of[part.product] for part, of in zip(parts, places, strict=True)], np.int32),
            _joined([part.time for part in parts], np.int64),
            _joined([part.star for part in parts], np.uint8),
            np.concatenate(delays) if delays else None,
        )

    def panes(self, tier_ms: int, steps: int) -> "_Panes":
        """Their panes of one length."""
        start = self.time // tier_ms
        delay = np.zeros(1, np.int64)  # for all of them
        if self.delay is not None:
            delay = (self.time + self.delay) // tier_ms - start
        keys = _Keys.of(self.product, start, delay, steps)
        if keys is None:
            delay = np.broadcast_to(delay, start.shape)
            order = np.lexsort((delay, start, self.product))
            columns = self.product[order].astype(np.int64), start[order], delay[order]
            rows, star = _starts(*columns), self.star[order]
            product, start, delay = (column[rows] for column in columns)
        else:
            packed = _sorted(keys.pack(self.product, start, delay, self.star))
            each = packed.dtype.type(steps)
            panes = packed // each
            star = (packed - panes * each).astype(np.uint8)
            rows = _starts(panes)
            product, start, delay = keys.unpack(panes[rows].astype(np.int64))
        cells = np.repeat(np.arange(len(rows)), np.diff(rows, append=len(star)))
        cells += star * np.int64(len(rows))
        stars = np.bincount(cells, minlength=steps * len(rows)).reshape(steps, -1)
        return _Panes(tier_ms, product, start, delay, stars)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some ratings with the names of their products.

    Attributes:
        names: The product ids, each once.
        in_time: Those that met no watermark past their time; their `delay` is None.
        late: The others.
    """

    names: pa.Array
    in_time: _Exact
    late: _Exact

    @classmethod
    def of(cls, ratings: pa.Table, job: Job) -> Self:
        """The counted and the late ones among journalled ratings."""
        classes = ratings["class"].to_numpy()
        inside = (classes == Class.COUNTED) | (classes == Class.LATE)
        if not inside.all():
            ratings = ratings.filter(pa.array(inside))
        encoded = ratings["product"].combine_chunks().dictionary_encode()
        product, star = encoded.indices.to_numpy(), ratings["stars"].to_numpy()
        times = ratings["arrival_ms"].to_numpy()
        if job.time is WindowTime.EVENT:
            event = ratings["event_ms"].to_numpy()
            times = np.where(event == NO_TIME, times, event)
        met = ratings["met_ms"]
        past = np.zeros(len(times), np.int64)
        if met.null_count < len(met):
            came_behind = met.is_valid().to_numpy()
            behind = met.fill_null(0).to_numpy()[came_behind]
            past[came_behind] = behind - job.lateness_ms - times[came_behind]
        late = past > 0
        if not late.any():
            nothing = _Exact(product[:0], times[:0], star[:0], past[:0])
            return cls(encoded.dictionary, _Exact(product, times, star), nothing)
        return cls(
            encoded.dictionary,
            _Exact(product[~late], times[~late], star[~late]),
            _Exact(product[late], times[late], star[late], past[late]),
        )


def _joined(parts: Sequence[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, kind)


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
        product: NDArray[np.integer],
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
        self,
        product: NDArray[np.integer],
        start: NDArray[np.int64],
        delay: NDArray[np.int64],
        star: NDArray[np.uint8] | int = 0,
    ) -> NDArray[np.int64]:
        """The columns as one; there may be one delay for all."""
        packed = product.astype(np.int64)
        packed *= self.starts
        packed += start
        packed -= self.first
        packed *= self.delays
        packed += delay
        packed *= self.steps
        packed += star
        return packed

    def unpack(
        self, panes: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The columns again, of packed values divided by the steps."""
        rest, delay = np.divmod(panes, self.delays)
        product, start = np.divmod(rest, self.starts)
        return product, start + self.first, delay


def _sorted(keys: NDArray[np.int64]) -> NDArray[np.integer]:
    """Sorted; in half the bytes where they fit, for that takes half as long."""
    if not len(keys) or int(keys.max()) > _UINT32_MAX:
        keys.sort()
        return keys
    narrow = keys.astype(np.uint32)
    narrow.sort()
    return narrow


def _starts(*columns: NDArray[np.integer]) -> NDArray[np.int64]:
    """Where a run of equal rows starts, in sorted columns."""
    new = np.zeros(len(columns[0]), bool)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(new)


_AT_ONCE = 1 << 17
"""Ratings whose ids are looked up at once: with as many the ids stay in the caches."""

_INT64_SPAN = 1 << 63
_UINT32_MAX = (1 << 32) - 1


def _ranked(parts: Sequence[pa.Array], order_of: Order) -> tuple[pa.Array, list[NDArray[np.int32]]]:
    """The distinct ones of all ids in an order; for each part the places of its ids."""
    encoded = pa.concat_arrays([pa.array([], pa.string()), *parts]).dictionary_encode()
    order = order_of(encoded.dictionary)
    rank = np.empty(len(order), np.int32)
    rank[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    places = rank[encoded.indices.to_numpy()]
    ends = np.cumsum([len(part) for part in parts])
    return encoded.dictionary.take(order), np.split(places, ends[:-1]) if parts else []
