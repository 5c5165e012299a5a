"""What the ratings look like in numbers: popularity, star profiles, reviewers, rhythm."""

from dataclasses import replace

import numpy as np
import pytest

from starwatch.generator import Chunk, Shop, ShopOptions
from starwatch.generator.options import START_MS
from starwatch.generator.popularity import zipf_sums
from starwatch.generator.profiles import (
    ALPHA,
    concentrations,
    draw_stars,
    draw_thresholds,
    draw_worse_stars,
)
from starwatch.generator.rhythm import Rhythm

HOUR = 3_600_000
OPTIONS = ShopOptions(products=1000, rate=20_000, span_ms=20_000, seed=3)


def whole(options: ShopOptions) -> Chunk:
    return Chunk.concat(list(Shop(options).chunks()))


@pytest.mark.parametrize("exponent", [0.7, 1.1, 1.5])
def test_the_exponent_of_popularity_is_found_again(exponent):
    rows = whole(replace(OPTIONS, zipf=exponent))
    counts = np.bincount(rows.product, minlength=1000)
    rank = np.arange(1, 101)
    slope = np.polyfit(np.log(rank), np.log(counts[:100]), 1, w=np.sqrt(counts[:100]))[0]
    assert -slope == pytest.approx(exponent, abs=0.03)


def test_the_sums_of_popularity_end_on_one():
    sums = zipf_sums(1_000_000, 1.1)
    assert sums[-1] == 1.0
    assert (np.diff(sums) > 0).all()


def test_the_mean_of_the_profiles_is_near_that_of_the_dirichlet():
    limits = draw_thresholds(1, 100_000, 5)
    shares = np.diff(limits / 2**32, axis=0, prepend=0.0, append=1.0)
    expected = np.array(ALPHA) / sum(ALPHA)
    assert np.allclose(shares.mean(axis=1), expected, atol=0.002)
    # The variance of a share is p (1 - p) / (sum of the concentrations + 1).
    assert np.allclose(shares.var(axis=1), expected * (1 - expected) / 19.47, rtol=0.03)


def test_ratings_follow_their_products_profile():
    limits = draw_thresholds(1, 3, 5)
    random = np.random.default_rng(5).integers(0, 2**32, 300_000, dtype=np.uint32)
    product = np.repeat(np.arange(3, dtype=np.int32), 100_000)
    stars = draw_stars(limits, product, random)
    for each in range(3):
        shares = np.diff(limits[:, each] / 2**32, prepend=0.0, append=1.0)
        found = np.bincount(stars[product == each], minlength=5) / 100_000
        assert np.allclose(found, shares, atol=0.006)


def test_the_mean_over_all_ratings_is_that_of_real_ones():
    stars = whole(replace(OPTIONS, zipf=0.0)).stars
    expected = np.dot(ALPHA, range(1, 6)) / sum(ALPHA)
    assert 1 + stars.mean() == pytest.approx(expected, abs=0.05)


def test_a_larger_shop_begins_with_the_smaller_one():
    assert np.array_equal(draw_thresholds(1, 200, 5)[:, :100], draw_thresholds(1, 100, 5))


@pytest.mark.parametrize("steps", [2, 3, 5, 10, 11, 21])
def test_concentrations_keep_their_sum_and_shape_on_other_scales(steps):
    found = concentrations(steps)
    assert len(found) == steps
    assert found.sum() == pytest.approx(sum(ALPHA))
    assert found.argmax() == steps - 1
    if steps == 5:
        assert np.allclose(found, ALPHA)


def test_a_worse_profile_never_gives_more_stars():
    limits = draw_thresholds(1, 20, 5)
    random = np.random.default_rng(5).integers(0, 2**32, 20_000, dtype=np.uint32)
    for product in range(20):
        usual = draw_stars(limits, np.full(20_000, product, dtype=np.int32), random)
        means = []
        for worse in (0.0, 0.3, 0.9):
            stars = draw_worse_stars(limits[:, product], np.full(20_000, worse), random)
            assert (stars <= usual).all()
            means.append(stars.mean())
        assert means[0] == usual.mean() > means[1] > means[2]


def test_a_hundredth_of_the_reviewers_writes_a_fifth_of_the_ratings():
    options = replace(OPTIONS, reviewers=100_000)
    reviewer = whole(options).reviewer
    assert reviewer.max() < 100_000
    assert (reviewer < 1000).mean() == pytest.approx(0.01 ** (1 / 3), abs=0.01)


@pytest.mark.parametrize("hours", [7, 24, 61])
def test_the_rhythm_keeps_the_mean_rate(hours):
    options = replace(OPTIONS, rate=4, span_ms=hours * HOUR)
    assert options.has_rhythm
    expected = 4 * 3600 * hours
    assert Rhythm(options).expected(0, hours * HOUR) == pytest.approx(expected)
    assert abs(len(whole(options)) - expected) < 4 * expected**0.5


def test_the_evening_has_four_times_the_ratings_of_the_morning():
    rows = whole(replace(OPTIONS, rate=4, span_ms=96 * HOUR))
    by_hour = np.bincount((rows.event_ms // HOUR % 24).astype(int), minlength=24)
    assert by_hour[19:21].sum() / by_hour[7:9].sum() == pytest.approx(4, rel=0.1)


def test_short_spans_and_endless_shops_are_even_unless_asked():
    assert not replace(OPTIONS, span_ms=6 * HOUR).has_rhythm
    assert not replace(OPTIONS, span_ms=None).has_rhythm
    assert replace(OPTIONS, span_ms=None, rhythm=True).has_rhythm
    assert not replace(OPTIONS, span_ms=48 * HOUR, rhythm=False).has_rhythm


def test_arrivals_are_a_poisson_process():
    at = whole(replace(OPTIONS, rate=1000, span_ms=200_000)).event_ms - START_MS
    counts = np.bincount(at // 100, minlength=2000)
    assert counts.mean() == pytest.approx(100, rel=0.02)
    assert counts.var() / counts.mean() == pytest.approx(1, abs=0.13)
