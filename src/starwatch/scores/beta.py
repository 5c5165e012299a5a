"""The Beta distribution without scipy: its distribution function and its quantiles.

The distribution function is the regularised incomplete beta function, by its continued fraction
[1]; the factor before it is written as a deviance [2], so that large parameters lose no digits.

References:
    [1] Didonato, Morris, "Algorithm 708: Significant digit computation of the incomplete beta
        function ratios", ACM TOMS 18, 1992.
    [2] Loader, "Fast and accurate computation of binomial probabilities", 2000.
"""

import math
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

_TINY = 1e-300
_STEPS = 100  # halving alone would need some 40
_SETTLED = 1e-15
_TERMS = 20_000  # some √max(a, b) are needed
_ROUND = 8  # terms between two looks at what has settled
_LOG_2PI = math.log(2 * math.pi)
_STIRLING = 15.0  # from there on four terms of the series have all digits


def beta_cdf(x: Floats, a: Floats, b: Floats) -> Floats:
    """P(X ≤ x) of Beta(a, b), elementwise; x within [0, 1], a and b above 0; all of one shape.

    >>> beta_cdf(np.array([0.3]), np.array([1.0]), np.array([2.0])).round(12).tolist()
    [0.51]
    """
    distance = x - a / (a + b)
    return _below(distance, a, b, _factor(distance, a, b, _scale(a, b)))


def beta_quantile(probability: float, a: Floats, b: Floats) -> Floats:
    """The x with P(X ≤ x) = `probability` of Beta(a, b), elementwise; within 1e-10.

    Newton steps, and halves of a bracket wherever they leave it. Each step takes microseconds an
    element, and more with √(a + b); `interval` has the fast way.

    Args:
        probability: Strictly between 0 and 1.
        a: Above 0, shape (n,).
        b: Above 0, shape (n,).

    >>> beta_quantile(0.51, np.array([1.0]), np.array([2.0])).round(12).tolist()
    [0.3]
    """
    return a / (a + b) + distance_of_quantile(probability, a, b)


def distance_of_quantile(probability: float, a: Floats, b: Floats) -> Floats:
    """The quantile minus the mean a / (a + b), which keeps its digits where both are near 0."""
    mean, rest = a / (a + b), b / (a + b)
    deviation = np.sqrt(mean * rest / (a + b + 1))
    low, high, close = -mean, rest.copy(), 1e-10 * deviation
    normal = NormalDist().inv_cdf(probability) * deviation
    distance = np.where((normal > low) & (normal < high), normal, 0.0)
    left, scale = np.arange(len(a)), _scale(a, b)
    for _ in range(_STEPS):
        here, p, q = distance[left], a[left], b[left]
        factor = _factor(here, p, q, scale[left])
        error = _below(here, p, q, factor) - probability
        low[left] = np.where(error < 0, here, low[left])
        high[left] = np.where(error < 0, high[left], here)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = here - error / _density(here, p, q, factor)
        inside = (step > low[left]) & (step < high[left])
        distance[left] = np.where(inside, step, (low[left] + high[left]) / 2)
        left = left[np.abs(distance[left] - here) > close[left]]
        if not len(left):
            break
    return distance


def _density(distance: Floats, a: Floats, b: Floats, factor: Floats) -> Floats:
    total = a + b
    x, y = a / total + distance, b / total - distance
    density: Floats = factor / (x * y)
    return density


def _below(distance: Floats, a: Floats, b: Floats, factor: Floats) -> Floats:
    """P(X ≤ mean + distance), from the tail on whose side the fraction converges quickly."""
    total = a + b
    x, y = np.clip(a / total + distance, 0, 1), np.clip(b / total - distance, 0, 1)
    swap = x > (a + 1) / (total + 2)
    tail = factor * _fraction(np.where(swap, y, x), np.where(swap, b, a), np.where(swap, a, b))
    tail = tail / np.where(swap, b, a)
    return np.where(swap, 1 - tail, tail)


def _factor(distance: Floats, a: Floats, b: Floats, scale: Floats) -> Floats:
    """x^a · (1 - x)^b / B(a, b) at x = mean + distance; 0 at both ends."""
    total = a + b
    with np.errstate(divide="ignore", invalid="ignore"):
        power = a * np.log1p(np.maximum(distance * total / a, -1))
        power = power + b * np.log1p(np.maximum(-distance * total / b, -1))
    factor: Floats = np.exp(power + scale)
    return factor


def _scale(a: Floats, b: Floats) -> Floats:
    """The logarithm of that factor at the mean; it takes as long as several steps."""
    total = a + b
    scale: Floats = (np.log(a) + np.log(b) - np.log(total) - _LOG_2PI) / 2
    return scale + (_stirling_rest(total) - _stirling_rest(a) - _stirling_rest(b))


def _stirling_rest(z: Floats) -> Floats:
    """What Stirling's formula misses of log Γ(z): log Γ(z) - (z - ½) log z + z - ½ log 2π."""
    large = np.maximum(z, _STIRLING)
    inverse = 1 / np.square(large)
    series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / large
    small = z < _STIRLING
    series[small] = [
        math.lgamma(v) - (v - 0.5) * math.log(v) + v - _LOG_2PI / 2 for v in z[small].tolist()
    ]
    return series


def _fraction(x: Floats, a: Floats, b: Floats) -> Floats:
    """The continued fraction of the incomplete beta function by the modified Lentz method."""
    result, left = np.ones_like(x), np.arange(len(x))
    c, d = np.ones_like(x), 1 / _off_zero(1 - (a + b) * x / (a + 1))
    value = d.copy()
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / _off_zero(1 + even * d), _off_zero(1 + even / c)
        value = value * d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / _off_zero(1 + odd * d), _off_zero(1 + odd / c)
        value = value * d * c
        if m % _ROUND == 0 or m == _TERMS - 1:
            result[left] = value
            more = np.abs(d * c - 1) > _SETTLED
            if not more.any():
                break
            left, x, a, b = left[more], x[more], a[more], b[more]
            c, d, value = c[more], d[more], value[more]
    return result


def _off_zero(values: Floats) -> Floats:
    return np.where(np.abs(values) < _TINY, _TINY, values)
