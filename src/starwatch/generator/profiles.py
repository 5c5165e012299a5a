"""How a product is rated: its own shares of stars, and draws from them.

Each product's shares are one draw from a Dirichlet distribution fitted to Amazon Electronics, so
that counts over products are Dirichlet-multinomial (Gelman et al., Bayesian Data Analysis, ch. 3).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from starwatch.generator.streams import Concern, stream

ALPHA = (2.70, 1.24, 1.63, 3.48, 9.42)
"""The fitted concentrations of one to five stars; their sum, 18.5, tells how alike products are."""

BAD_SHARES = (0.62, 0.16, 0.10, 0.06, 0.06)
"""What the ratings of a product that has gone bad look like: mean 1.78 of five."""

_WHOLE = 2**32


def concentrations(steps: int) -> NDArray[np.float64]:
    """Dirichlet concentrations for a scale of `steps` values, from the lowest up.

    For five steps these are `ALPHA`. Otherwise the shape is read off `ALPHA` by straight lines at
    evenly spaced places and scaled to the same sum, so that products differ as much as real ones.
    """
    return stretched(ALPHA, steps)


def stretched(values: Sequence[float], steps: int) -> NDArray[np.float64]:
    """The shape of five values at `steps` evenly spaced places, with the same sum."""
    known = np.asarray(values, dtype=np.float64)
    at = np.linspace(0, len(known) - 1, steps)
    found = np.interp(at, np.arange(len(known)), known)
    return np.asarray(found * (known.sum() / found.sum()), dtype=np.float64)


def draw_thresholds(seed: int, products: int, steps: int) -> NDArray[np.uint32]:
    """Each product's shares as rising limits on 32-bit numbers, shape (steps - 1, products).

    A product is rated with the step whose index is the number of its limits that a random 32-bit
    number reaches.
    """
    gammas = stream(seed, Concern.PROFILES).standard_gamma(
        np.broadcast_to(concentrations(steps), (products, steps))
    )
    sums = np.cumsum(gammas, axis=1).T
    return _limits(sums[:-1] / sums[-1])


def draw_stars(
    thresholds: NDArray[np.uint32], product: NDArray[np.int32], random: NDArray[np.uint32]
) -> NDArray[np.uint8]:
    """The step index of each rating, uint8, from its product and its random number."""
    stars = np.zeros(len(product), dtype=np.uint8)
    for limits in thresholds:
        stars += random >= limits[product]
    return stars


def draw_worse_stars(
    limits: NDArray[np.uint32], worse: NDArray[np.float64], random: NDArray[np.uint32]
) -> NDArray[np.uint8]:
    """The step index of ratings of one product that goes bad.

    Args:
        limits: The product's own limits, shape (steps - 1,).
        worse: How far each rating's profile has moved to `BAD_SHARES`, 0 to 1, shape (n,).
        random: uint32, shape (n,); the same numbers give the product's usual stars where `worse`
            is 0, and never more stars where it is above.
    """
    bad = np.cumsum(stretched(BAD_SHARES, len(limits) + 1))[:-1] / sum(BAD_SHARES)
    bad = np.maximum(bad, limits / _WHOLE)
    mixed = (1 - worse)[:, None] * (limits / _WHOLE) + worse[:, None] * bad
    return np.asarray((random[:, None] >= _limits(mixed)).sum(axis=1), dtype=np.uint8)


def _limits(shares: NDArray[np.float64]) -> NDArray[np.uint32]:
    return np.minimum(shares * _WHOLE, _WHOLE - 1).astype(np.uint32)
