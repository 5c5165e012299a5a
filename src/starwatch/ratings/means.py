"""Exact means of star histograms, and the ways in which they are printed (architecture §3).

A mean is a fraction: an integer numerator over an integer denominator. It is rounded once, when it
is printed, half to even on the exact fraction: 33/8 to two digits is 4.12.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from starwatch.ratings.scale import Scale

_SAFE = np.iinfo(np.int64).max


def mean_fractions(
    stars: NDArray[np.integer], scale: Scale, *, multiplier: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numerators and denominators of `multiplier` times the mean of each histogram.

    Args:
        stars: Counts by step, shape (n, steps); no row is all zero.
        scale: The scale that the steps belong to.
        multiplier: A positive integer to multiply each mean with.

    Returns:
        Two columns of n integers: int64, or Python integers (dtype object) where int64 might
        overflow.
    """
    count = stars.sum(axis=1, dtype=np.int64)
    largest = int(count.max(initial=1))
    factor = multiplier * max(abs(w) for w in scale.numerators) * 4
    if largest * max(factor, scale.denominator * 4) > _SAFE:
        exact, values = stars.astype(object), np.array(scale.numerators, object)
        return exact @ values * multiplier, exact.sum(axis=1) * scale.denominator
    weights = np.array(scale.numerators, np.int64)
    return stars.astype(np.int64) @ weights * multiplier, count * scale.denominator


def rounded_means(stars: NDArray[np.integer], scale: Scale, digits: int) -> NDArray[np.int64]:
    """The mean of each histogram times 10^digits, rounded half to even on the exact fraction."""
    numerator, denominator = mean_fractions(stars, scale, multiplier=10**digits)
    floor = numerator // denominator
    twice = 2 * (numerator - floor * denominator)
    up = (twice > denominator) | ((twice == denominator) & (floor % 2 == 1))
    rounded: NDArray[np.int64] = floor + up
    return rounded


def truncated_means(stars: NDArray[np.integer], scale: Scale) -> NDArray[np.int64]:
    """The mean of each histogram cut to an integer towards zero, as the reference printed it."""
    numerator, denominator = mean_fractions(stars, scale)
    whole: NDArray[np.int64] = np.sign(numerator) * (abs(numerator) // denominator)
    return whole


def decimal_texts(scaled: NDArray[np.int64], digits: int) -> list[str]:
    """Integers that hold `digits` decimals, as text: 4125000 with 6 digits is `4.125000`."""
    if not digits:
        return [str(v) for v in scaled.tolist()]
    unit = 10**digits
    signs = ["-" if v < 0 else "" for v in scaled.tolist()]
    magnitudes = [divmod(abs(v), unit) for v in scaled.tolist()]
    return [f"{s}{w}.{f:0{digits}d}" for s, (w, f) in zip(signs, magnitudes, strict=True)]


def mean_text(stars: Sequence[int], scale: Scale, digits: int = 6) -> str:
    """The mean of one histogram as text, rounded half to even.

    >>> mean_text([0, 2, 0, 1, 5], Scale(), 2)
    '4.12'
    """
    row = np.array([stars], dtype=np.int64)
    return decimal_texts(rounded_means(row, scale, digits), digits)[0]
