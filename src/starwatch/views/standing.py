"""Where products stand among each other: star shares of all, and ranks, made anew now and then."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from starwatch.scores.posterior import posterior_means, star_shares
from starwatch.scores.ranking import fitted_weight, ranks
from starwatch.views.picture import Picture

_SECONDS = 10.0
"""How long ranks stand: a hundred milliseconds for 100,000 products are too much for each look."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All products at one moment.

    Attributes:
        shares: float64, shape (steps,); the share of each step among all ratings.
        ranks: int64; the place of each product by its code, from 1. Products that came later are
            not in it.
        weight: How many ratings the shares count as in the ranking.
    """

    shares: NDArray[np.float64]
    ranks: NDArray[np.int64]
    weight: float

    @classmethod
    def of(cls, picture: Picture) -> "Standing":
        """As the products stand now."""
        number, scale = len(picture.products), picture.job.scale
        stars = picture.totals.stars(number)
        shares = star_shares(stars)
        weight = fitted_weight(stars, shares)
        scores = posterior_means(stars, shares, scale, weight=weight)
        by_id, _ = picture.products.ranked()
        return cls(shares, ranks(scores, stars.sum(axis=1), by_id), weight)

    def ranks_of(self, codes: NDArray[np.integer]) -> NDArray[np.int64]:
        """The ranks of some products; 0 for those that came later."""
        found = np.zeros(len(codes), np.int64)
        known = codes < len(self.ranks)
        found[known] = self.ranks[codes[known]]
        return found


class Standings:
    """The newest standing, kept for some seconds."""

    def __init__(self) -> None:
        self._known: Standing | None = None
        self._picture: Picture | None = None
        self._made = 0.0

    def of(self, picture: Picture) -> Standing:
        """Where the products stand, or stood some seconds ago."""
        now = time.monotonic()
        if self._known is None or self._picture is not picture or now - self._made >= _SECONDS:
            self._known, self._picture, self._made = Standing.of(picture), picture, now
        return self._known
