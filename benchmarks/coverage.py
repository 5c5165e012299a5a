"""How often scores and bands tell the truth: made-up products whose true means are known.

    .venv/bin/python -m benchmarks.coverage [--products 20000] [--seed 1]

Each product has its own true star shares, drawn from a Dirichlet distribution that was fitted to
Amazon Electronics. Its ratings are drawn from them; the formulas see only the ratings.
"""

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from starwatch.ratings.scale import Scale
from starwatch.scores.band import band
from starwatch.scores.beta import beta_quantile
from starwatch.scores.honest import honest_scores
from starwatch.scores.posterior import posterior_means
from starwatch.scores.ranking import fitted_weight

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Interval = Callable[[Counts], tuple[Floats, Floats]]

ALPHA = np.array([2.70, 1.24, 1.63, 3.48, 9.42])
SHARES = ALPHA / ALPHA.sum()
SCALE = Scale()
VALUES = np.arange(1.0, 6)
RESAMPLES = 400
LONGEST = 3000
BLOCK = 100


def honest(stars: Counts) -> tuple[Floats, Floats]:
    scores = honest_scores(stars, SHARES, SCALE)
    return scores.low, scores.high


def watched(stars: Counts) -> tuple[Floats, Floats]:
    return band(stars, SHARES, SCALE)


class StudentT:
    """Mean ± t · s / √n, as taught; below two ratings it says nothing: the whole scale."""

    def __init__(self, longest: int) -> None:
        free = np.arange(1.0, longest)
        x = beta_quantile(0.05, free / 2, np.full_like(free, 0.5))
        self._t = np.concatenate([[np.inf, np.inf], np.sqrt(free * (1 - x) / x)])

    def __call__(self, stars: Counts) -> tuple[Floats, Floats]:
        """Both ends for histograms of shape (n, 5)."""
        n = stars.sum(axis=1)
        m, square = stars @ VALUES / n, stars @ VALUES**2 / n
        deviation = np.sqrt(np.maximum(square - m**2, 0) / np.maximum(n - 1, 1))
        half = np.where(n < 2, 4.0, np.where(n < 2, 1.0, self._t[n]) * deviation)
        return m - half - 1e-9, m + half + 1e-9


def bootstrap(stars: Counts, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """The 2.5 % and 97.5 % quantiles of the means of resampled ratings."""
    n = stars.sum(axis=1)
    ends = [
        np.quantile(rng.multinomial(k, row / k, RESAMPLES) @ VALUES / k, [0.025, 0.975])
        for k, row in zip(n.tolist(), stars, strict=True)
    ]
    low, high = np.array(ends).T
    return low - 1e-9, high + 1e-9


def coverage(interval: Interval, n: int, products: int, rng: np.random.Generator) -> Floats:
    """How many truths lie inside: of all products, and of the worst tenth by true mean."""
    truth = rng.dirichlet(ALPHA, products)
    low, high = interval(rng.multinomial(n, truth))
    mean = truth @ VALUES
    inside = ((low <= mean) & (mean <= high))[np.argsort(mean)]
    worst = min(part.mean() for part in np.array_split(inside, 10))
    return np.array([inside.mean(), worst])


def ever_excluded(interval: Interval, products: int, rng: np.random.Generator) -> float:
    """The share of products whose truth is outside after any of the first 3,000 ratings."""
    lost = 0
    for start in range(0, products, BLOCK):
        size = min(BLOCK, products - start)
        truth = rng.dirichlet(ALPHA, size)
        steps = (rng.random((size, LONGEST, 1)) > truth.cumsum(axis=1)[:, None, :-1]).sum(axis=2)
        stars = np.eye(5, dtype=np.int64)[steps].cumsum(axis=1)
        low, high = (end.reshape(size, -1) for end in interval(stars.reshape(-1, 5)))
        mean = (truth @ VALUES)[:, None]
        lost += int(((mean < low) | (mean > high)).any(axis=1).sum())
    return lost / products


def best_hundred(products: int, rng: np.random.Generator) -> dict[str, float]:
    """The true mean of the hundred products that each ranking puts first; few have many ratings."""
    truth = rng.dirichlet(ALPHA, products)
    n = np.minimum(rng.zipf(1.6, products), 100_000)
    stars = rng.multinomial(n, truth)
    shares = (stars.sum(axis=0) + 1) / (stars.sum() + 5)
    raw = stars @ VALUES / n
    weight = fitted_weight(stars, shares)
    keys = {
        "raw mean": raw,
        f"posterior mean, A = {weight:.1f}": posterior_means(stars, shares, SCALE, weight=weight),
        "its 10 % lower bound": lower_tenth(stars + weight * shares),
        "Wilson's lower bound": wilson((raw - 1) / 4, n),
    }
    mean = truth @ VALUES
    return {name: float(mean[np.argsort(-key)[:100]].mean()) for name, key in keys.items()}


def lower_tenth(after: Floats) -> Floats:
    """The 10 % quantile of the Beta with a Dirichlet posterior's moments, in [0, 1]."""
    total, place = after.sum(axis=1), (VALUES - 1) / 4
    m = after @ place / total
    both = m * (1 - m) * (total + 1) / (after @ place**2 / total - m**2) - 1
    return beta_quantile(0.1, m * both, (1 - m) * both)


def wilson(share: Floats, n: Counts, z: float = 1.96) -> Floats:
    spread = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return (share + z**2 / (2 * n) - spread) / (1 + z**2 / n)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    products, rng = arguments.products, np.random.default_rng(arguments.seed)
    student = StudentT(LONGEST + 1)
    resampled = lambda stars: bootstrap(stars, rng)  # noqa: E731 - one line, used once
    print("| interval of 95 % | n | covers | in the worst tenth |\n|---|---|---|---|")
    for name, interval in (("honest", honest), ("t", student), ("bootstrap", resampled)):
        for n in (1, 3, 10, 100):
            size = min(products, 5000) if name == "bootstrap" else products
            overall, worst = coverage(interval, n, size, rng)
            print(f"| {name} | {n} | {overall:.3f} | {worst:.3f} |")
    print("\n| truth ever outside up to n = 3,000 | share of products |\n|---|---|")
    for name, interval in (("band", watched), ("t", student), ("honest (Dirichlet)", honest)):
        print(f"| {name} | {ever_excluded(interval, min(products, 4000), rng):.3f} |")
    print("\n| ranking | true mean of its best 100 |\n|---|---|")
    for name, mean in best_hundred(products, rng).items():
        print(f"| {name} | {mean:.2f} |")


if __name__ == "__main__":
    main()
