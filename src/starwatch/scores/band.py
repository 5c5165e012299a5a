"""A band around a mean in a chart that is watched all the time.

A usual 95 % interval is right 19 times out of 20 at one moment that was chosen beforehand. Whoever
watches it grow sees it wrong sooner or later, most of the time. This band is an asymptotic
confidence sequence [1]: it is meant to hold at all moments together.

It is about one fixed mean. The mean of a product that changes is no such thing.

References:
    [1] Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and
        asymptotic confidence sequences", Annals of Statistics 52, 2024 (arXiv 2103.06476), Thm 2.2.
"""

import numpy as np
from numpy.typing import NDArray

from starwatch.ratings.scale import Scale
from starwatch.scores.beta import Floats
from starwatch.scores.posterior import Moments, step_values

WEIGHT = 5.0
"""How many ratings the catalogue counts as; without them the first few would be believed."""

ALPHA = 0.05
"""The chance that a band leaves out the truth at any moment, ever."""

RHO_SQUARED = 0.0265
"""Tightest near 300 ratings: there the band is 1.55 times as wide as an interval for one look."""


def band(stars: NDArray[np.integer], shares: Floats, scale: Scale) -> tuple[Floats, Floats]:
    """The lower and the upper end of the band around the mean of each histogram, in stars.

    With T = 5 + n ratings, m and v their mean and variance (the catalogue's five among them):
    m ± √(2 v (Tr + 1) / (T²r) · ln(√(Tr + 1) / 0.05)), r being `RHO_SQUARED`.

    Args:
        stars: All that was seen up to each moment by step, shape (n, steps).
        shares: The catalogue's, shape (steps,), as `posterior.star_shares` gives them.
        scale: The scale that the steps belong to.

    Returns:
        Two columns of shape (n,), cut to the scale.

    >>> low, high = band(np.array([[0, 0, 0, 0, 4], [3, 1, 5, 20, 71]]), np.full(5, 0.2), Scale())
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([1.15, 4.18], [5.0, 4.77])
    """
    seen = Moments.of(stars, shares, weight=WEIGHT)
    grown = seen.total * RHO_SQUARED + 1
    log = np.log(np.sqrt(grown) / ALPHA)
    half = np.sqrt(2 * seen.variance * grown / (np.square(seen.total) * RHO_SQUARED) * log)
    values = step_values(scale)
    span = values[-1] - values[0]
    low = values[0] + span * np.maximum(seen.mean - half, 0)
    high = values[-1] - span * np.maximum(seen.rest - half, 0)
    return low, high
