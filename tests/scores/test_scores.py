import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starwatch.ratings.scale import Scale
from starwatch.scores.band import band
from starwatch.scores.beta import beta_quantile
from starwatch.scores.honest import honest_scores
from starwatch.scores.posterior import posterior_means, star_shares

SHARES = np.array([0.1, 0.05, 0.1, 0.2, 0.55])  # mean 4.05
HISTOGRAMS = st.lists(
    st.lists(st.integers(0, 10**9), min_size=5, max_size=5), min_size=1, max_size=8
).map(lambda rows: np.array(rows, np.int64))
CATALOGUES = st.lists(st.integers(0, 10**9), min_size=5, max_size=5).map(
    lambda row: star_shares(np.array([row]))
)


def test_three_ratings_of_five_stars_are_not_yet_a_five():
    scores = honest_scores(np.array([[0, 0, 0, 0, 3]]), SHARES, Scale())
    assert scores.score[0] == pytest.approx((10 * 4.05 + 3 * 5) / 13, abs=1e-12)


def test_on_two_steps_the_posterior_is_a_beta_distribution():
    scale = Scale(Decimal(0), Decimal(1))
    scores = honest_scores(np.array([[3, 20]]), np.array([0.4, 0.6]), scale)
    a, b = np.array([6.0 + 20]), np.array([4.0 + 3])
    assert scores.score[0] == pytest.approx(26 / 33, abs=1e-12)
    assert scores.low[0] == pytest.approx(beta_quantile(0.025, a, b)[0], abs=1e-6)
    assert scores.high[0] == pytest.approx(beta_quantile(0.975, a, b)[0], abs=1e-6)


def test_the_interval_has_the_posteriors_mean_and_variance():
    counts = np.array([1, 0, 2, 5, 8])
    after = 10 * SHARES + counts  # a Dirichlet distribution
    values, total = np.arange(1.0, 6), after.sum()
    mean = values @ after / total
    variance = (values**2 @ after / total - mean**2) / (total + 1)
    at = (mean - 1) / 4
    both = at * (1 - at) / (variance / 16) - 1
    a, b = np.array([at * both]), np.array([(1 - at) * both])
    scores = honest_scores(counts[None], SHARES, Scale())
    assert scores.score[0] == pytest.approx(mean, abs=1e-12)
    assert scores.low[0] == pytest.approx(1 + 4 * beta_quantile(0.025, a, b)[0], abs=4e-6)
    assert scores.high[0] == pytest.approx(1 + 4 * beta_quantile(0.975, a, b)[0], abs=4e-6)


def test_without_ratings_a_product_scores_like_the_catalogue():
    none = np.zeros((1, 5), np.int64)
    assert honest_scores(none, SHARES, Scale()).score[0] == pytest.approx(4.05)
    assert posterior_means(none, SHARES, Scale(), weight=3.5)[0] == pytest.approx(4.05)


def test_an_empty_catalogue_holds_every_step_equally_likely():
    assert star_shares(np.zeros((0, 5), np.int64)).tolist() == [0.2] * 5


@settings(deadline=None)
@given(stars=HISTOGRAMS, shares=CATALOGUES)
def test_every_interval_is_finite_within_the_scale_and_holds_its_score(stars, shares):
    scores = honest_scores(stars, shares, Scale())
    low, high = band(stars, shares, Scale())
    assert np.all((scores.low >= 1) & (scores.low <= scores.score))
    assert np.all((scores.high <= 5) & (scores.high >= scores.score))
    assert np.all((low >= 1) & (low <= high) & (high <= 5))


@settings(deadline=None)
@given(stars=HISTOGRAMS, shares=CATALOGUES, seed=st.integers(0, 99))
def test_a_product_has_its_own_score_whatever_stands_beside_it(stars, shares, seed):
    order = np.random.default_rng(seed).permutation(len(stars))
    before, after = (honest_scores(rows, shares, Scale()) for rows in (stars, stars[order]))
    np.testing.assert_array_equal(before.score[order], after.score)
    np.testing.assert_array_equal(before.low[order], after.low)
    np.testing.assert_array_equal(before.high[order], after.high)


@settings(deadline=None)
@given(stars=HISTOGRAMS, shares=CATALOGUES)
def test_a_stretched_scale_stretches_scores_and_bands(stars, shares):
    wide = Scale(Decimal(-20), Decimal(20), Decimal(10))  # 10 · (stars - 3)
    ours, theirs = honest_scores(stars, shares, Scale()), honest_scores(stars, shares, wide)
    pairs = [(ours.score, theirs.score), (ours.low, theirs.low), (ours.high, theirs.high)]
    pairs += zip(band(stars, shares, Scale()), band(stars, shares, wide), strict=True)
    for mine, other in pairs:
        np.testing.assert_allclose(10 * (mine - 3), other, atol=1e-9)


@settings(deadline=None)
@given(stars=HISTOGRAMS, shares=CATALOGUES)
def test_turning_the_stars_round_turns_the_interval_round(stars, shares):
    ours, turned = (
        honest_scores(s, q, Scale()) for s, q in ((stars, shares), (stars[:, ::-1], shares[::-1]))
    )
    np.testing.assert_allclose(ours.low, 6 - turned.high, atol=1e-9)
    np.testing.assert_allclose(ours.high, 6 - turned.low, atol=1e-9)


def test_more_of_the_same_narrows_interval_and_band():
    times = np.array([0, 1, 3, 10, 100, 10_000, 10**7])
    stars = times[:, None] * np.array([2, 1, 2, 4, 11])  # the catalogue's shares
    scores, (low, high) = honest_scores(stars, SHARES, Scale()), band(stars, SHARES, Scale())
    assert np.all(np.diff(scores.high - scores.low) < 0)
    assert np.all(np.diff(high[1:] - low[1:]) < 0)
    assert scores.high[-1] - scores.low[-1] < 1e-3


def test_half_star_steps():
    scale = Scale.parse("0.5..5/0.5")
    stars = np.zeros((1, 10), np.int64)
    stars[0, 9] = 30
    shares = np.full(10, 0.1)  # mean 2.75
    assert honest_scores(stars, shares, scale).score[0] == pytest.approx((27.5 + 150) / 40)


@pytest.mark.parametrize("counts", [[0, 0, 0, 0, 0], [0, 2, 0, 1, 5], [30, 1, 9, 20, 240]])
def test_the_band_by_its_formula_in_stars(counts):
    weights = [5 * q + c for q, c in zip(SHARES, counts, strict=True)]
    total = sum(weights)
    m = sum(w * k for k, w in enumerate(weights, 1)) / total
    v = sum(w * (k - m) ** 2 for k, w in enumerate(weights, 1)) / total
    grown = total * 0.0265 + 1
    half = math.sqrt(2 * v * grown / (total**2 * 0.0265) * math.log(math.sqrt(grown) / 0.05))
    low, high = band(np.array([counts]), SHARES, Scale())
    assert low[0] == pytest.approx(max(m - half, 1), abs=1e-12)
    assert high[0] == pytest.approx(min(m + half, 5), abs=1e-12)
