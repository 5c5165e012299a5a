"""Exact means of many histograms at once, for showing and for choosing."""

from fractions import Fraction
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from starwatch.ratings.means import mean_fractions, rounded_means
from starwatch.ratings.scale import Scale

_DIGITS = 6


def means(stars: NDArray[np.integer], scale: Scale) -> NDArray[np.float64]:
    """Exact means rounded half to even to 6 places; NaN where there is no rating.

    Args:
        stars: Shape (n, steps).
        scale: Its scale.
    """
    some = np.flatnonzero(_rated(stars))
    found = np.full(len(stars), np.nan)
    found[some] = rounded_means(stars[some], scale, _DIGITS) / 10**_DIGITS
    return found


def quotients(stars: NDArray[np.integer], scale: Scale) -> NDArray[np.float64]:
    """Means as the nearest floats, for comparing; NaN where there is no rating."""
    some = np.flatnonzero(_rated(stars))
    found = np.full(len(stars), np.nan)
    above, below = mean_fractions(stars[some], scale)
    found[some] = (above / below).astype(np.float64)
    return found


def at_least(stars: NDArray[np.integer], scale: Scale, bound: float) -> NDArray[np.bool_]:
    """Which means are not below a bound, compared as fractions; none without a rating is.

    Args:
        stars: Shape (n, steps).
        scale: Its scale.
        bound: It counts as the shortest decimal that stands for it, so 1.1 is eleven tenths.
    """
    found = _rated(stars)
    if bound <= scale.lowest:
        return found
    if not isfinite(bound) or bound > scale.highest:
        return np.zeros(len(stars), bool)
    exact, some = Fraction(repr(float(bound))), np.flatnonzero(found)
    above, below = mean_fractions(stars[some], scale, multiplier=exact.denominator)
    found[some] = above >= below * exact.numerator
    return found


def _rated(stars: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which histograms hold a rating; a step after the other, which is much the faster."""
    rated = np.zeros(len(stars), bool)
    for step in range(stars.shape[1]):
        rated |= stars[:, step] > 0
    return rated


def mean(stars: NDArray[np.integer], scale: Scale) -> float | None:
    """The exact mean of one histogram rounded half to even to 6 places; None without a rating."""
    (found,) = means(stars[None, :], scale)
    return None if np.isnan(found) else float(found)
