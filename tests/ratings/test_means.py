"""Means are exact: equal to plain fractions, rounded once, at any size."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from starwatch.ratings.means import (
    decimal_texts,
    mean_fractions,
    mean_text,
    rounded_means,
    truncated_means,
)
from starwatch.ratings.scale import Scale

SCALES = [
    Scale(),
    *map(Scale.parse, ["0.5..5/0.5", "-2..2", "-1.5..1/0.25", "0..10/0.5", "0..1", "0..1e20/1e20"]),
]
WIDE = Context(prec=80)


@st.composite
def histograms(draw, most: int = 2**62):
    """A scale and some histograms on it, none of them empty, whose counts may be huge."""
    scale = draw(st.sampled_from(SCALES))
    top = draw(st.sampled_from([3, 9, 1_000, 10**6, 2**31, most])) // scale.steps
    row = st.lists(
        st.one_of(st.just(0), st.integers(0, max(top, 1))),
        min_size=scale.steps,
        max_size=scale.steps,
    ).filter(any)
    return scale, draw(st.lists(row, max_size=4))


def mean_of(row, scale) -> Fraction:
    return sum(n * Fraction(v) for n, v in zip(row, scale.values, strict=True)) / Fraction(sum(row))


def decimal(value: Fraction, digits: int, rounding: str) -> Decimal:
    """A fraction as a decimal that is rounded once: a remainder stands as one more digit."""
    whole, rest = divmod(abs(value) * 10 ** (digits + 1), 1)
    near = WIDE.add(Decimal(int(whole)), Decimal("0.1") if rest else Decimal(0))
    signed = (near.copy_negate() if value < 0 else near).scaleb(-digits - 1, WIDE)
    return signed.quantize(Decimal(1).scaleb(-digits), rounding, WIDE)


def columns(rows, scale):
    return np.array(rows, np.int64).reshape(-1, scale.steps)


@given(histograms(), st.sampled_from([1, 7, 10**6]))
def test_fractions_are_the_exact_means(drawn, multiplier):
    scale, rows = drawn
    tops, bottoms = mean_fractions(columns(rows, scale), scale, multiplier=multiplier)
    found = [Fraction(int(a), int(b)) for a, b in zip(tops, bottoms, strict=True)]
    assert found == [mean_of(row, scale) * multiplier for row in rows]


@given(histograms(), st.integers(0, 12))
def test_means_are_rounded_once_half_to_even(drawn, digits):
    scale, rows = drawn
    found = decimal_texts(rounded_means(columns(rows, scale), scale, digits), digits)
    wanted = [decimal(mean_of(row, scale), digits, ROUND_HALF_EVEN) for row in rows]
    assert [Decimal(text) for text in found] == wanted
    assert found == [f"{v or abs(v):.{digits}f}" for v in wanted]
    assert found == [mean_text(row, scale, digits) for row in rows]


@given(histograms())
def test_means_are_cut_towards_zero(drawn):
    scale, rows = drawn
    wanted = [int(decimal(mean_of(row, scale), 0, ROUND_DOWN)) for row in rows]
    assert truncated_means(columns(rows, scale), scale).tolist() == wanted


@given(histograms(2**31 - 1))
def test_narrow_counts_give_the_same(drawn):
    scale, rows = drawn
    narrow = columns(rows, scale).astype(np.int32)
    assert np.array_equal(
        rounded_means(narrow, scale, 6), rounded_means(columns(rows, scale), scale, 6)
    )


@given(st.integers(-(10**15), 10**15), st.integers(0, 9))
def test_texts_say_the_integer_with_its_decimals(value, digits):
    (text,) = decimal_texts(np.array([value]), digits)
    assert Decimal(text) == Decimal(value).scaleb(-digits)
    assert len(text.partition(".")[2]) == digits


@pytest.mark.parametrize(
    ("row", "digits", "text"),
    [
        ([0, 2, 0, 1, 5], 2, "4.12"),
        ([1, 1, 0, 0, 0], 0, "2"),
        ([0, 1, 1, 0, 0], 0, "2"),
        ([0, 0, 1, 1, 0], 0, "4"),
        ([2**61, 0, 0, 0, 2**61 + 1], 6, "3.000000"),
    ],
)
def test_halves_go_to_the_even_neighbour(row, digits, text):
    assert mean_text(row, Scale(), digits) == text
