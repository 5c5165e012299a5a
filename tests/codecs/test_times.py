from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from starwatch.codecs.times import BAD, TimeReader
from starwatch.errors import BadSetting
from starwatch.ratings.batch import NO_TIME

MOMENT = 1358380800000


def texts(values, **options):
    return TimeReader(**options).texts(pa.array(values, pa.string())).tolist()


@pytest.mark.parametrize(
    "text",
    [
        "1358380800",
        "1358380800000",
        "1358380800000000",
        "1358380800.0",
        "1358380800.0009",
        "1.3583808e9",
        " 1358380800 ",
        "2013-01-17",
        "2013-01-17T00:00:00Z",
        "2013-01-17 01:00:00.000+01:00",
        "2013-01-17T00:00:00.000999",
    ],
)
def test_auto_reads_every_form_of_one_moment(text):
    assert texts([text]) == [MOMENT]
    assert texts([text, "7", "", "x"]) == [MOMENT, 7000, NO_TIME, BAD]


@pytest.mark.parametrize("text", ["x", "0x10", "1e99", "nan", "2013-13-01", "1_0", "9" * 70])
def test_what_is_no_time_is_bad(text):
    assert texts([text]) == texts([text, "1"])[:1] == [BAD]


def test_units_are_taken_at_their_word():
    assert texts(["1358380800"], unit="ms") == [1358380800]
    assert texts(["1358380800"], unit="us") == [1358380]
    assert texts(["1358380800123"], unit="s") == [BAD]
    assert texts(["1.5", "-0.0005", "12"], unit="s") == [1500, -1, 12000]
    assert texts(["2013-01-17", "1"], unit="s") == [BAD, 1000]
    assert texts(["2013-01-17", "20130117", "1"], unit="iso") == [MOMENT, MOMENT, BAD]


def test_parts_of_a_millisecond_are_cut_towards_the_past():
    assert texts(["1358380800.999999999999999999999999999999"]) == [MOMENT + 999]
    assert texts(["1358380800000999", "-1"], unit="us") == [MOMENT, -1]


def test_a_zone_counts_where_the_time_names_none():
    madrid = {"zone": "Europe/Madrid"}
    assert texts(["2013-01-17T01:00:00", "2013-01-17T00:00Z"], **madrid) == [MOMENT, MOMENT]
    naive = pa.array([datetime(2013, 1, 17, 1)], pa.timestamp("us"))  # noqa: DTZ001
    assert TimeReader(**madrid).arrow(naive).tolist() == [MOMENT]
    with pytest.raises(BadSetting, match="Did you mean Europe/Madrid"):
        TimeReader(zone="Europe/Madird")


@example(values=[-62_135_596_800, -62_135_596_801], unit="auto")  # the first second of year 1
@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.sampled_from(["auto", "s", "ms", "us"]))
def test_columns_and_single_values_agree(values, unit):
    reader = TimeReader(unit)
    one = [reader.number(value) for value in values]
    assert reader.integers(np.array(values, np.int64)).tolist() == one
    assert texts([*map(str, values)], unit=unit) == one
    assert texts([*map(str, values), ""], unit=unit) == [*one, NO_TIME]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1358380800, None], pa.int32()),
        pa.array([1358380800, None], pa.uint64()),
        pa.array([1358380800.0, None], pa.float64()),
        pa.array([1358380800.0004, float("nan")], pa.float64()),
        pa.array([Decimal("1358380800.5") - Decimal("0.5"), None], pa.decimal128(12, 1)),
        pa.array(["1358380800", None], pa.large_string()),
        pa.array(["1358380800", None]).dictionary_encode(),
        pa.array([date(2013, 1, 17), None], pa.date32()),
        pa.array([date(2013, 1, 17), None], pa.date64()),
        *(pa.array([datetime(2013, 1, 17), None], pa.timestamp(u)) for u in ("s", "ms", "us")),  # noqa: DTZ001
        pa.array([MOMENT * 10**6 + 999_999, None], pa.timestamp("ns", "Europe/Madrid")),
    ],
    ids=lambda column: str(column.type),
)
def test_arrow_columns_of_any_sensible_type(column):
    assert TimeReader().arrow(column).tolist() == [MOMENT, NO_TIME]
