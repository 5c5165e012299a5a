"""Ratings counted into panes: one length of time of one product, as a star histogram.

A pane is keyed (product, start, watermark met). A rating in time has met none: the watermark had
not passed the end of its pane by more than the allowed lateness L, so every window that holds the
pane and was emitted holds the rating, corrections included. Others stand apart by the watermark
that they met, rounded down to a number of whole panes plus L, by which nothing is lost: a window
that ends on the edge of a pane was gone for a rating exactly if `met_ms >= end + L`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starwatch.admission.ledger import Class
from starwatch.ratings.batch import NO_TIME
from starwatch.ratings.scale import Scale, star_names
from starwatch.windows.contributions import Contributions
from starwatch.windows.job import Job, WindowTime

BACKFILLED_MS = 864 * 10**12
"""The watermark that backfilled ratings are said to have met: ten million days after the epoch, in
the year 29,349. No window ends so late, so they are in none as emitted, and in all complete ones.
"""


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
        ratings: The columns of `journal.entries.SCHEMA`; duplicates and rejected ratings in them
            are not counted.
        job: The rules by which they were admitted.
        tiers: Lengths of panes in milliseconds, rising.

    Yields:
        A tier and its panes with the columns of `pane_schema`, sorted by product (UTF-8 bytes),
        start and watermark met, those that met none first. Each key comes once.
    """
    exact = _Counted.of(ratings, job)
    finer: list[_Counted] = []
    for tier in tiers:
        source = next((each for each in reversed(finer) if tier % each.tier_ms == 0), exact)
        finer.append(source.at(tier))
        yield tier, finer[-1].table(job)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Ratings of equal product, star, pane and delay as one contribution.

    In a contribution `last` is the number of the pane, and `first` is as far before it as the
    watermark met was behind it, in whole panes; they are equal where it met none.

    Attributes:
        names: The product ids by their bytes.
        steps: Steps of the scale.
        tier_ms: Length of a pane.
        panes: The contributions; `key` is the place in `names` times steps plus the star.
    """

    names: pa.Array
    steps: int
    tier_ms: int
    panes: Contributions

    @classmethod
    def of(cls, ratings: pa.Table, job: Job) -> Self:
        """Ratings as panes of a millisecond; counted ones and late ones."""
        classes = ratings["class"].to_numpy()
        inside = (classes == Class.COUNTED) | (classes == Class.LATE)
        if not inside.all():
            ratings = ratings.filter(pa.array(inside))
        ratings = ratings.combine_chunks()
        names, rank = _ranked(ratings["product"])
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
        steps = job.scale.steps
        key = rank * np.int64(steps) + ratings["stars"].to_numpy()
        panes = Contributions(times - delay, times, key, np.ones(len(times), np.int64))
        return cls(names, steps, 1, panes)

    def at(self, tier_ms: int) -> Self:
        """The same in longer panes, whose length is a multiple of these."""
        factor = tier_ms // self.tier_ms
        last = self.panes.last // factor
        met = (2 * self.panes.last - self.panes.first) // factor
        panes = replace(self.panes, first=2 * last - met, last=last).compact()
        return replace(self, tier_ms=tier_ms, panes=panes)

    def table(self, job: Job) -> pa.Table:
        """The histograms of all panes."""
        panes = self.panes
        product, star = np.divmod(panes.key, self.steps)
        delay = panes.last - panes.first
        order = np.lexsort((delay, panes.last, product))
        product, start, delay = product[order], panes.last[order], delay[order]
        new = np.ones(len(order), bool)
        for column in (product, start, delay):
            new[1:] &= column[1:] == column[:-1]
        new[1:] = ~new[1:]
        rows = np.flatnonzero(new)
        stars = np.zeros((self.steps, len(rows)), np.uint32)
        stars[star[order], np.cumsum(new) - 1] = panes.count[order]
        product, start, delay = product[rows], start[rows], delay[rows]
        met = (start + delay) * self.tier_ms + job.lateness_ms
        columns = [
            pa.DictionaryArray.from_arrays(pa.array(product.astype(np.int32)), self.names),
            pa.array(start * self.tier_ms),
            pa.array(met, mask=delay == 0),
            *map(pa.array, stars),
        ]
        return pa.table(columns, schema=pane_schema(job.scale))


def _ranked(products: pa.ChunkedArray) -> tuple[pa.Array, NDArray[np.int64]]:
    """The distinct ids by their bytes, and the place of each row's id among them."""
    if not len(products):
        return pa.array([], pa.string()), np.empty(0, np.int64)
    encoded = products.combine_chunks().dictionary_encode()
    order = pc.array_sort_indices(encoded.dictionary)
    rank = np.empty(len(order), np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    return encoded.dictionary.take(order), rank[encoded.indices.to_numpy()]
