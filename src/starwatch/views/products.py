"""Products as rows: chosen, and put together of everything that is known of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.scores.honest import honest_scores
from starwatch.views.choosing import Columns, Numbers, chosen, matching, without_means
from starwatch.views.current import TREND, CurrentWindows
from starwatch.views.means import at_least, mean, means, quotients
from starwatch.views.names import Names
from starwatch.views.picture import Picture
from starwatch.views.standing import Standing
from starwatch.views.values import (
    Overview,
    ProductNow,
    ProductPage,
    ProductQuery,
    ProductRows,
    WindowNow,
)

_BINS_A_STEP = 4


@dataclass(frozen=True, slots=True)
class Table:
    """All products for one window of the job, of one moment; read it under the follower's lock.

    Attributes:
        picture: Where it comes from.
        current: The windows.
        columns: What products can be chosen by.
        groups: The categories, and which of them each product has, by its code.
        standing: Where the products stand among each other.
        seq: As of when.
    """

    picture: Picture
    current: CurrentWindows
    columns: Columns
    groups: tuple[Sequence[str], NDArray[np.int32]]
    standing: Standing
    seq: int

    @classmethod
    def of(
        cls, picture: Picture, window: int, names: Names, standing: Standing, seq: int
    ) -> "Table":
        """The products as they are now."""
        current, ids = picture.current[window], picture.products.all()
        _, order = picture.products.ranked()
        numbers = _numbers(picture, current, standing)
        scale, stars = picture.job.scale, current.stars(len(ids))
        not_below = partial(at_least, stars, scale)
        highest = float(scale.highest)
        columns = Columns(ids, order, *names.upto(ids), numbers, highest, not_below)
        return cls(picture, current, columns, names.groups(ids), standing, seq)

    def page(self, query: ProductQuery) -> ProductPage:
        """The products that a query chooses.

        Raises:
            BadSetting: there is no such sort.
        """
        codes = chosen(self.columns, query)
        some = codes[query.offset : query.offset + query.limit]
        return ProductPage(
            seq=self.seq,
            window=self.current.spec,
            end_ms=self.end_ms,
            open_end_ms=self.open_end_ms,
            watermark_ms=self.picture.moment.shown_watermark_ms,
            total=len(codes),
            offset=query.offset,
            rows=self.rows(some),
        )

    @property
    def end_ms(self) -> int | None:
        """Where the newest closed window ends; None where none has, or some of it was let go."""
        number = self.current.shown
        return None if number is None else self.current.spec.end_ms(number)

    @property
    def open_end_ms(self) -> int | None:
        """Where the open window ends; None before there is a rating."""
        number = self.picture.open(self.current.spec)
        return None if number is None else self.current.spec.end_ms(number)

    def rows(self, codes: NDArray[np.int32]) -> ProductRows:
        """These products."""
        picture, columns, scale = self.picture, self.columns, self.picture.job.scale
        stars = self.current.stars(len(picture.products))[codes]
        total = picture.totals.stars(len(picture.products))[codes]
        before, mean_now = self.current.before(len(picture.products))[codes], means(stars, scale)
        still_open = self._open(codes)
        place = pa.array(codes)
        scores = honest_scores(total, self.standing.shares, scale)
        return ProductRows(
            id=columns.ids.take(place).to_pylist(),
            name=columns.names.take(place).to_pylist(),
            category=columns.categories.take(place).to_pylist(),
            count=stars.sum(axis=1),
            stars=stars,
            mean=mean_now,
            change=mean_now - means(before, scale),
            open_count=still_open.sum(axis=1),
            open_stars=still_open,
            trend=self._trend(codes),
            all_count=total.sum(axis=1),
            all_stars=total,
            all_mean=means(total, scale),
            score=scores.score,
            score_low=scores.low,
            score_high=scores.high,
            rank=self.standing.ranks_of(codes),
            first_ms=picture.totals.first_ms(codes),
            last_ms=picture.totals.last_ms(codes),
        )

    def overview(self, query: ProductQuery) -> Overview:
        """All products at a glance; what a query asks of means does not matter."""
        some = self.columns.number("count") > 0
        mask = matching(self.columns, without_means(query))
        codes = np.flatnonzero(some if mask is None else some & mask)
        stars = self.current.stars(len(self.picture.products))[codes]
        low, high, count = _distribution(stars, self.picture)
        names, group = self.groups
        return Overview(
            self.seq,
            self.current.spec,
            self.end_ms,
            low,
            high,
            count,
            *_by_category(names, group[codes], stars, self.picture),
        )

    def window(self, code: int) -> WindowNow:
        """The newest closed window of one product, and the open one."""
        codes = np.array([code], np.int32)
        (stars,) = self.current.stars(len(self.picture.products))[codes]
        (still_open,) = self._open(codes)
        return WindowNow(
            self.current.spec,
            self.end_ms,
            stars,
            mean(stars, self.picture.job.scale),
            self.open_end_ms,
            still_open,
        )

    def _open(self, codes: NDArray[np.int32]) -> NDArray[np.int64]:
        number = self.picture.open(self.current.spec)
        if number is None or not len(codes):
            return np.zeros((len(codes), self.picture.job.scale.steps), np.int64)
        return self.current.at(number, codes)

    def _trend(self, codes: NDArray[np.int32]) -> NDArray[np.float64]:
        number = self.current.number
        if number is None or not len(codes):
            return np.full((len(codes), TREND), np.nan)
        stars = self.current.around(number - TREND + 1, number, codes)
        flat = means(stars.reshape(-1, stars.shape[2]), self.picture.job.scale)
        return flat.reshape(TREND, len(codes)).T


def _numbers(
    picture: Picture, current: CurrentWindows, standing: Standing
) -> Mapping[str, Callable[[], Numbers]]:
    """What products can be sorted by, each made when it is asked for."""
    scale, number = picture.job.scale, len(picture.products)
    stars, total = current.stars(number), picture.totals.stars(number)

    def rank() -> NDArray[np.float64]:
        places = standing.ranks_of(np.arange(number)).astype(np.float64)
        places[places == 0] = np.nan
        return places

    return {
        "count": lambda: _counts(stars),
        "mean": lambda: quotients(stars, scale),
        "change": lambda: means(stars, scale) - means(current.before(number), scale),
        "score": lambda: honest_scores(total, standing.shares, scale).score,
        "rank": rank,
        "all_count": lambda: _counts(total),
        "all_mean": lambda: quotients(total, scale),
        "last": lambda: picture.totals.last_ms(slice(0, number)),
    }


def _counts(stars: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ratings of each histogram; a step after the other, six times faster than across the steps."""
    count = np.zeros(len(stars), np.int64)
    for step in range(stars.shape[1]):
        count += stars[:, step]
    return count


def product_now(tables: list[Table], code: int) -> ProductNow:
    """One product in all windows of the job."""
    row = tables[0].rows(np.array([code], np.int32))
    return ProductNow(tables[0].seq, True, row, [table.window(code) for table in tables])


def _distribution(
    stars: NDArray[np.int64], picture: Picture
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Lower and upper edges of bins, and how many means are in each; by integers alone.

    An edge is the float nearest to its decimal, as which `at_least` takes it: both count the same.
    """
    scale = picture.job.scale
    bins = (scale.steps - 1) * _BINS_A_STEP
    width = scale.numerators[1] - scale.numerators[0]
    above = np.zeros(len(stars), np.int64)
    for step, numerator in enumerate(scale.numerators):
        above += stars[:, step] * (numerator - scale.numerators[0])
    place = _BINS_A_STEP * above // (width * np.maximum(_counts(stars), 1))
    count = np.bincount(np.minimum(place, bins - 1), minlength=bins)
    quarter = scale.step / _BINS_A_STEP
    edges = np.array([float(scale.lowest + number * quarter) for number in range(bins + 1)])
    return edges[:-1], edges[1:], count.astype(np.int64)


def _by_category(
    names: Sequence[str],
    group: NDArray[np.int32],
    stars: NDArray[np.int64],
    picture: Picture,
) -> tuple[Any, ...]:
    """Names of categories, and their products, ratings, histograms and means."""
    products = np.bincount(group, minlength=len(names))
    sums = np.zeros((len(names), stars.shape[1]), np.int64)
    for step in range(stars.shape[1]):  # sums of whole numbers, exact up to 2^53
        sums[:, step] = np.bincount(group, weights=stars[:, step], minlength=len(names))
    present = [number for number in range(len(names)) if products[number]]
    by_name = sorted(present, key=names.__getitem__)
    sums, products = sums[by_name], products[by_name]
    found = [names[number] for number in by_name]
    return found, products, sums.sum(axis=1), sums, means(sums, picture.job.scale)
