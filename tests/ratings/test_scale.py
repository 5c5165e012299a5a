"""A scale knows its values, and a value its step, without any rounding."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starwatch.errors import BadScale
from starwatch.ratings.scale import MAX_STEPS, Scale

STEPS = ["1", "0.5", "0.25", "0.1", "2", "0.3", "10", "0.001", "1e1", "1E-7"]


@st.composite
def scales(draw) -> Scale:
    lowest = Decimal(draw(st.integers(-100, 100))) / draw(st.sampled_from([1, 2, 10]))
    step = Decimal(draw(st.sampled_from(STEPS)))
    return Scale(lowest, lowest + step * draw(st.integers(1, MAX_STEPS - 1)), step)


@given(scales())
def test_values_rise_by_the_step_from_the_lowest_to_the_highest(scale):
    values = [Fraction(v) for v in scale.values]
    assert (values[0], values[-1]) == (Fraction(scale.lowest), Fraction(scale.highest))
    assert {b - a for a, b in pairwise(values)} == {Fraction(scale.step)}
    assert scale.steps == len(values) <= MAX_STEPS
    assert [Fraction(n, scale.denominator) for n in scale.numerators] == values
    assert all(
        any((v * smaller).denominator > 1 for v in values)
        for smaller in range(max(1, scale.denominator - 50), scale.denominator)
    )


@given(scales())
def test_the_label_reads_back(scale):
    again = Scale.parse(scale.label)
    assert again == scale
    assert again.values == scale.values


@given(scales(), st.data())
def test_every_way_to_write_a_value_is_its_index(scale, data):
    index = data.draw(st.integers(0, scale.steps - 1))
    value = scale.values[index]
    ways = [value, str(value), f"{value:f}", f" {value:f} ", f"{value:e}", float(value)]
    if "." in f"{value:f}":
        ways.append(f"{value:f}000")
    if value >= 0:
        ways.append(f"+{value:f}")
    if value == int(value):
        ways.append(int(value))
    assert [scale.index_of(way) for way in ways] == [index] * len(ways)


@given(scales(), st.decimals(-120, 120, allow_nan=False))
def test_a_value_off_the_scale_has_no_index(scale, value):
    values = [Fraction(v) for v in scale.values]
    exact = Fraction(value)
    assert scale.index_of(value) == (values.index(exact) if exact in values else None)
    near = scale.values[-1] - Decimal("1E-40") * (1 if scale.step < 1 else -1)
    assert scale.index_of(str(near)) == scale.index_of(near)


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-Infinity", "sNaN", "4,5", "five", "5.1"])
def test_what_is_no_value_has_no_index(text):
    assert Scale().index_of(text) is None


@pytest.mark.parametrize(
    "barely", ["4.99999999999999999999999999999999999999", "5." + "0" * 40 + "1"]
)
def test_nothing_is_ever_rounded(barely):
    assert Scale().index_of(barely) is None


@pytest.mark.parametrize(
    "text",
    ["", "5", "5..1", "1..1", "1..5/0", "1..5/-1", "1..5/3", "1..x", "0..21", "nan..5", "1..inf"],
)
def test_a_scale_that_cannot_be_is_refused(text):
    with pytest.raises(BadScale):
        Scale.parse(text)


@pytest.mark.parametrize("text", ["0_5", "5_", "\uff15", "\u0664", "1e", "--1", "0x5"])
def test_only_plain_numbers_are_values(text):
    assert Scale().index_of(text) is None
