"""Which product is best: the posterior mean with as much weight on the catalogue as it has earned.

Where products differ much, a few ratings tell a lot; where they are all alike, it takes many. The
weight is fitted to the catalogue by maximum likelihood of the Dirichlet-multinomial with the
catalogue's shares as its mean. That likelihood has one maximum [1], so its derivative, a sum of
digamma differences, has one root.

References:
    [1] Levin, Reeds, "Compound multinomial likelihood functions are unimodal: proof of a conjecture
        of I. J. Good", Annals of Statistics 5, 1977.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from starwatch.scores.beta import Floats
from starwatch.scores.honest import WEIGHT

SMALLEST_WEIGHT = 0.1
LARGEST_WEIGHT = 1e6
"""Bounds of the fit: products with nothing in common, and products that do not differ at all."""

_EXACT = 1e-7  # of log weight


def fitted_weight(stars: NDArray[np.integer], shares: Floats) -> float:
    """How many ratings the catalogue counts as, so that the products' histograms are most likely.

    Args:
        stars: Counts by step, shape (n, steps); any n.
        shares: The catalogue's, shape (steps,), each above 0.

    Returns:
        Within `SMALLEST_WEIGHT` and `LARGEST_WEIGHT`; the honest score's ten where no product has
        two ratings, for then nothing tells how products differ.

    >>> fitted_weight(np.array([[9, 1], [1, 9], [5, 5]]), np.array([0.5, 0.5])) < 5
    True
    """
    totals = stars.sum(axis=1, dtype=np.int64)
    if totals.max(initial=0) < 2:  # noqa: PLR2004 - two ratings are the fewest that can differ
        return WEIGHT
    terms = [(1.0, -1.0, *_repeated(totals))]
    terms += [(q, q, *_repeated(stars[:, k])) for k, q in enumerate(shares.tolist())]

    def slope(log_weight: float) -> float:
        weight = math.exp(log_weight)
        return sum(sign * _rise(weight * q, counts, times) for q, sign, counts, times in terms)

    return math.exp(_root(slope, math.log(SMALLEST_WEIGHT), math.log(LARGEST_WEIGHT)))


def ranks(
    scores: Floats, counts: NDArray[np.integer], id_order: NDArray[np.integer]
) -> NDArray[np.int64]:
    """The place of each product, the best first: 1, 2, 3, …, each taken once.

    Args:
        scores: Posterior means with the fitted weight, shape (n,).
        counts: Ratings of each product, shape (n,): of equal scores the one with more comes first.
        id_order: Place of each product among all by its id, shape (n,): it decides what is left.

    >>> ranks(np.array([4.0, 4.5, 4.0]), np.array([9, 2, 10]), np.arange(3)).tolist()
    [3, 1, 2]
    """
    order = np.lexsort((id_order, -counts.astype(np.int64), -scores))
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(1, len(order) + 1)
    return places


def _repeated(counts: NDArray[np.integer]) -> tuple[Floats, Floats]:
    """The different counts above 0, and how many products have each."""
    values, times = np.unique(counts[counts > 0], return_counts=True)
    return values.astype(np.float64), times.astype(np.float64)


def _rise(start: float, counts: Floats, times: Floats) -> float:
    """Σ times · (ψ(start + count) - ψ(start)), with ψ the digamma function."""
    return float(times @ (_digamma(start + counts) - _digamma(np.array([start]))))


def _digamma(x: Floats) -> Floats:
    """ψ(x) for x above 0: raised to 10 by ψ(x) = ψ(x + 1) - 1 / x, then the asymptotic series."""
    raised, below = x.copy(), np.zeros_like(x)
    for _ in range(10):
        small = raised < 10  # noqa: PLR2004 - from there on the series has all digits
        below += np.where(small, 1 / raised, 0)
        raised += small
    square = 1 / np.square(raised)
    tail = 1 / 252 - square * (1 / 240 - square / 132)
    series = square * (1 / 12 - square * (1 / 120 - square * tail))
    value: Floats = np.log(raised) - 1 / (2 * raised) - series - below
    return value


def _root(slope: Callable[[float], float], low: float, high: float) -> float:
    """Where a slope that is above 0 first and below 0 then changes its sign, by halving.

    A slope of one sign throughout leads to the end at which it would rise highest.
    """
    while high - low > _EXACT:
        between = (low + high) / 2
        low, high = (between, high) if slope(between) > 0 else (low, between)
    return (low + high) / 2
