"""What a product's ratings say together with what the catalogue's say: the common ground of scores.

Each product has its own unknown star shares, drawn from a Dirichlet distribution around those of
the catalogue; its ratings are draws from its shares (the Dirichlet-multinomial model [1]). Seen
ratings make that a Dirichlet again, whose parameters are the counts plus `weight` imagined ratings
spread like the catalogue's.

References:
    [1] Gelman, Carlin, Stern, Dunson, Vehtari, Rubin, Bayesian Data Analysis, 3rd ed., 2013, §3.4.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from starwatch.ratings.scale import Scale
from starwatch.scores.beta import Floats


def star_shares(stars: NDArray[np.integer]) -> Floats:
    """The share of each step among all ratings of the catalogue, each step counted once more.

    That one more keeps a step which nobody has given yet from being held impossible; without any
    rating all steps are equally likely.

    Args:
        stars: Counts by step, shape (n, steps); n may be 0.

    Returns:
        Shape (steps,), each above 0, together 1.

    >>> star_shares(np.array([[0, 1, 0], [0, 1, 5]])).tolist()
    [0.1, 0.3, 0.6]
    """
    counts = stars.sum(axis=0, dtype=np.float64) + 1.0
    shares: Floats = counts / counts.sum()
    return shares


def step_values(scale: Scale) -> Floats:
    """The star value of each step as floats, shape (steps,)."""
    return np.array([float(value) for value in scale.values])


def posterior_means(
    stars: NDArray[np.integer], shares: Floats, scale: Scale, *, weight: float
) -> Floats:
    """The expected mean of each product, in stars: Σ value (count + weight · share) / (n + weight).

    Args:
        stars: Counts by step, shape (n, steps).
        shares: The catalogue's, shape (steps,), as `star_shares` gives them.
        scale: The scale that the steps belong to.
        weight: How many ratings the catalogue's shares count as; above 0.

    Returns:
        Shape (n,), between the lowest and the highest value. Equal histograms give equal floats.

    >>> shares = np.full(5, 0.2)
    >>> posterior_means(np.array([[0, 0, 0, 0, 10]]), shares, Scale(), weight=10).tolist()
    [4.0]
    """
    values = step_values(scale)
    total = stars.sum(axis=1, dtype=np.float64)
    means: Floats = (_weighed(stars, values) + weight * float(shares @ values)) / (total + weight)
    return means


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and variance of one rating of each product, as the posterior expects them.

    The scale is stretched onto [0, 1] here: `lowest` is 0, `highest` is 1. All shapes are (n,).

    Attributes:
        total: Ratings seen plus the prior's weight.
        mean: Expected mean.
        rest: 1 - mean, without the rounding of that subtraction.
        variance: Variance of a single rating under the expected shares.
    """

    total: Floats
    mean: Floats
    rest: Floats
    variance: Floats

    @classmethod
    def of(cls, stars: NDArray[np.integer], shares: Floats, *, weight: float) -> Self:
        """The moments of histograms of shape (n, steps) whose steps are evenly spaced."""
        prior = weight * shares
        counts = np.ascontiguousarray(stars.T, np.float64).T  # quicker, step by step
        total = counts.sum(axis=1) + weight
        place = np.linspace(0.0, 1.0, len(shares))
        mean = (_weighed(counts, place) + prior @ place) / total
        rest = (_weighed(counts, 1 - place) + prior @ (1 - place)) / total
        variance = np.zeros_like(mean)
        for step, at in enumerate(place):
            variance += (counts[:, step] + prior[step]) * np.square(mean - at)
        return cls(total, mean, rest, variance / total)


def _weighed(stars: NDArray[np.integer] | Floats, weights: Floats) -> Floats:
    """Σ count · weight of each row, in one order of summing, so that equal rows are equal."""
    result = np.zeros(len(stars))
    for step, weight in enumerate(weights):
        result += stars[:, step] * weight
    return result
