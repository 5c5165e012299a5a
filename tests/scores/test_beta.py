"""Reference values are those of scipy 1.17 (`scipy.stats.beta.ppf`), printed to the last digit."""

import time

import numpy as np
import pytest

from scores.references import PPF
from starwatch.scores.beta import beta_cdf, beta_quantile
from starwatch.scores.interval import central_95

A, B, LOW, HIGH = (np.array(column) for column in zip(*PPF, strict=True))


def test_quantiles_are_scipys():
    moderate = A + B < 1e6
    a, b = A[moderate], B[moderate]
    np.testing.assert_allclose(beta_quantile(0.025, a, b), LOW[moderate], rtol=0, atol=1e-10)
    np.testing.assert_allclose(beta_quantile(0.975, a, b), HIGH[moderate], rtol=0, atol=1e-10)


def test_fast_intervals_are_within_a_millionth_of_scipys():
    wide = A + B >= 10
    low, high = central_95(A[wide], B[wide])
    np.testing.assert_allclose(low, LOW[wide], rtol=0, atol=1e-6)
    np.testing.assert_allclose(high, HIGH[wide], rtol=0, atol=1e-6)


def test_fast_intervals_are_within_a_millionth_of_the_exact_ones_everywhere():
    rng = np.random.default_rng(7)
    total = np.concatenate([10 + rng.exponential(5, 3000), 10 ** rng.uniform(1, 5, 3000)])
    mean = np.where(
        rng.random(6000) < 0.5, rng.beta(0.4, 0.4, 6000), 10 ** rng.uniform(-6, 0, 6000)
    )
    mean = np.clip(mean, 1e-7, 1 - 1e-7)
    a, b = mean * total, (1 - mean) * total
    low, high = central_95(a, b)
    assert np.abs(low - beta_quantile(0.025, a, b)).max() < 1e-6
    assert np.abs(high - beta_quantile(0.975, a, b)).max() < 1e-6


def test_closed_forms():
    b = np.array([9.0, 10.0, 99.0, 1e4])
    one = np.ones_like(b)
    low, high = central_95(one, b)  # 1 - (1 - x)^b
    np.testing.assert_allclose(low, 1 - 0.975 ** (1 / b), atol=1e-6)
    np.testing.assert_allclose(high, 1 - 0.025 ** (1 / b), atol=1e-6)
    x = np.array([0.0, 0.2, 0.7, 1.0])
    np.testing.assert_allclose(beta_cdf(x, 2 + 0 * x, 2 + 0 * x), 3 * x**2 - 2 * x**3, atol=1e-14)


def test_swapping_the_parameters_mirrors_the_interval():
    rng = np.random.default_rng(3)
    a, b = rng.uniform(1e-3, 60, 500), rng.uniform(10, 80, 500)
    low, high = central_95(a, b)
    mirrored_low, mirrored_high = central_95(b, a)
    np.testing.assert_allclose(low, 1 - mirrored_high, atol=1e-15)
    np.testing.assert_allclose(high, 1 - mirrored_low, atol=1e-15)


@pytest.mark.parametrize("size", [0, 1, 8192, 8193])
def test_any_number_of_rows(size):
    low, high = central_95(np.full(size, 40.0), np.full(size, 10.0))
    assert low.shape == high.shape == (size,)
    assert np.unique(low.round(12)).size <= 1


def test_a_hundred_thousand_take_less_than_a_blink():
    rng = np.random.default_rng(1)
    a, b = rng.uniform(1, 50, 100_000), rng.uniform(9, 20, 100_000)
    central_95(a[:1], b[:1])  # makes the table
    spent = []
    for _ in range(5):
        start = time.process_time()
        central_95(a, b)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.1  # about 0.01 on one core of 2025
