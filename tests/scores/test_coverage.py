"""The simulation of `benchmarks/coverage.py` in small: seeds are fixed, tolerances are stated.

With 4,000 products a share of .95 has a standard error of .0035, a tenth of them .015.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.coverage import (
    StudentT,
    best_hundred,
    bootstrap,
    coverage,
    ever_excluded,
    honest,
    watched,
)

PAGE = Path(__file__).parents[2] / "docs" / "scores.md"


@pytest.mark.parametrize(
    ("n", "all_of_them", "worst_tenth"),
    [(1, 0.99, 0.92), (3, 0.98, 0.89), (10, 0.97, 0.90), (100, 0.96, 0.94)],
)
def test_the_honest_interval_covers_as_designed(n, all_of_them, worst_tenth):
    overall, worst = coverage(honest, n, 4000, np.random.default_rng(n))
    assert overall == pytest.approx(all_of_them, abs=0.01)
    assert worst == pytest.approx(worst_tenth, abs=0.045)


def test_intervals_as_taught_do_not_cover_with_three_ratings():
    rng = np.random.default_rng(2)
    assert coverage(StudentT(10), 3, 4000, rng)[0] == pytest.approx(0.82, abs=0.02)
    assert coverage(lambda s: bootstrap(s, rng), 3, 1000, rng)[0] == pytest.approx(0.67, abs=0.05)


def test_the_t_interval_has_the_tables_factors():
    stars = np.array([[1, 0, 1, 0, 1], [5, 0, 0, 0, 5]])  # s = 2 and √(40/9)
    low, high = StudentT(20)(stars)
    assert (high - low)[0] / 2 == pytest.approx(4.3027 * 2 / 3**0.5, abs=1e-3)
    assert (high - low)[1] / 2 == pytest.approx(2.2622 * (40 / 9 / 10) ** 0.5, abs=1e-3)


def test_watched_for_3000_ratings_the_band_keeps_its_word_and_a_t_interval_does_not():
    assert ever_excluded(watched, 300, np.random.default_rng(3)) <= 0.09  # .05 and three errors
    assert ever_excluded(StudentT(3001), 100, np.random.default_rng(3)) > 0.5


def test_the_ranking_finds_better_products_than_raw_means():
    means = best_hundred(20_000, np.random.default_rng(4))
    ours = next(mean for name, mean in means.items() if name.startswith("posterior"))
    assert ours >= max(means.values()) - 0.02
    assert ours > means["raw mean"] + 0.3


def test_each_explanation_for_the_page_is_short():
    part = PAGE.read_text(encoding="utf-8").split("## Explanations for the page")[1]
    texts = re.findall(r"^- \*\*.*?(?=^- |^## )", part, re.MULTILINE | re.DOTALL)
    assert len(texts) == 5
    assert all(len(text.split()) - 1 <= 60 for text in texts)
