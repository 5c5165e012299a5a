"""Virtual arrivals are exact fractions rounded down, at any size."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from starwatch.errors import BadSetting
from starwatch.replay.pace import ByRow, ByTime, ReplayOptions, scaled

FACTORS = st.fractions(min_value=0).filter(bool)


@given(st.lists(st.integers(0, 2**40)), FACTORS)
def test_numbers_are_scaled_exactly_and_rounded_down(values, factor):
    exact = [floor(value * factor) for value in values]
    if max(exact, default=0) < 2**62:
        assert scaled(np.array(values, np.int64), factor).tolist() == exact


@given(st.lists(st.integers(0, 2**61)), st.integers(1, 2**40))
def test_products_beyond_64_bits_are_exact_too(values, bottom):
    factor = Fraction(2**31 + 11, bottom * 2**31)
    found = scaled(np.array(values, np.int64), factor).tolist()
    assert found == [floor(value * factor) for value in values]


@pytest.mark.parametrize("factor", [Fraction(10**19, 3), Fraction(3, 10**19)])
def test_the_first_row_comes_at_once_at_any_pace(factor):
    assert scaled(np.array([0]), factor).tolist() == [0]


def test_rows_count_from_the_first_and_times_from_the_earliest():
    numbers = np.array([0, 1, 2, 3, 10])
    assert ByRow(Fraction(1000, 3)).offsets_ms(numbers).tolist() == [0, 333, 666, 1_000, 3_333]
    assert ByTime(Fraction(3, 2)).offsets_ms(numbers).tolist() == [0, 0, 1, 2, 6]


def test_a_pace_that_never_ends_is_refused():
    with pytest.raises(BadSetting):
        scaled(np.array([2**40]), Fraction(2**30))


@pytest.mark.parametrize("wrong", [Fraction(0), Fraction(-1)])
def test_a_pace_that_stands_still_is_refused(wrong):
    for pace in (ByRow, ByTime):
        with pytest.raises(BadSetting):
            pace(wrong)


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"batch_rows": 0}])
def test_options_below_one_are_refused(wrong):
    with pytest.raises(BadSetting):
        ReplayOptions(**{"pace": ByRow(), "start_ms": 0, "slide_ms": 1} | wrong)
