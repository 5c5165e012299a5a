"""Who is rated, and who rates: both unevenly, as in real shops."""

import numpy as np
from numpy.typing import NDArray

from starwatch.generator.streams import Concern, stream


def zipf_sums(products: int, exponent: float) -> NDArray[np.float64]:
    """Cumulated shares of the ranks 1 to `products`, where rank k has a share as k^-exponent."""
    sums = np.cumsum(np.arange(1, products + 1, dtype=np.float64) ** -exponent)
    return np.asarray(sums / sums[-1])


def draw_products(
    seed: int, block: int, sums: NDArray[np.float64], count: int
) -> NDArray[np.int32]:
    """The product of each of `count` ratings; its number is its rank, 0 the most popular."""
    random = stream(seed, Concern.PRODUCT, block).random(count)
    return np.searchsorted(sums, random, side="right").astype(np.int32)


def draw_reviewers(seed: int, pool: int, count: int, *keys: int) -> NDArray[np.uint64]:
    """The reviewer of each of `count` ratings, as a number below `pool`.

    The cube of an even draw: the busiest hundredth of the pool writes a fifth of the ratings, a
    power law of exponent 2/3 over reviewers.
    """
    random = stream(seed, Concern.REVIEWER, *keys).random(count)
    return (random * random * random * pool).astype(np.uint64)
