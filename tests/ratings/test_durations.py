"""Durations and moments: what is written is what is meant, to the millisecond."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starwatch.errors import BadSetting
from starwatch.ratings.durations import (
    duration,
    duration_label,
    duration_ms,
    moment_label,
    moment_ms,
)

UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(0, 9_999), st.integers(0, 999), st.sampled_from([*UNITS, "us"]))
def test_a_number_and_its_unit_are_exact(whole, thousandths, unit):
    one = Fraction(1, 1_000) if unit == "us" else Fraction(UNITS[unit])
    assert duration(f"{whole}{unit}") == whole * one
    assert (
        duration(f" {whole}.{thousandths:03d}{unit} ")
        == (whole + Fraction(thousandths, 1_000)) * one
    )


@given(st.integers(1, 10**12), st.sampled_from([1, 1_000, 60_000, 3_600_000, 86_400_000]))
def test_a_label_reads_back_and_has_the_largest_unit_up_to_days(number, unit):
    ms = number * unit % 10**13 or unit
    label = duration_label(ms)
    assert duration_ms(label) == ms
    used = UNITS[label.lstrip("0123456789")]
    assert all(ms % size for size in UNITS.values() if used < size <= UNITS["d"])


@pytest.mark.parametrize("text", ["0.5ms", "1us", "1.0005s"])
def test_a_part_of_a_millisecond_is_refused_where_whole_ones_are_needed(text):
    assert duration(text) > 0
    with pytest.raises(BadSetting):
        duration_ms(text)


@pytest.mark.parametrize(
    "text", ["", "5", "s", "-5s", "5 s", "5S", "1m30s", ".5s", "5.s", "1e3s", "nans"]
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(BadSetting):
        duration(text)


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_a_moment_reads_back(ms):
    label = moment_label(ms)
    assert moment_ms(label) == ms
    assert datetime.fromisoformat(label) - EPOCH == timedelta(milliseconds=ms)
    if abs(ms) >= 100_000:
        assert moment_ms(str(ms)) == ms


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_zones_are_counted_and_none_is_utc(when, minutes):
    when = when.replace(microsecond=when.microsecond // 1_000 * 1_000)
    exact = (when.replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    assert moment_ms(when.isoformat()) == exact
    assert moment_ms(when.isoformat() + f"{sign}{hours:02d}:{rest:02d}") == exact - minutes * 60_000


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2021-13-01", "12", "99999999999999999", "2021-06-01T25:00"]
)
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(BadSetting):
        moment_ms(text)
