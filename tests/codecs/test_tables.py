from decimal import Decimal

import pyarrow as pa
import pytest
from blocks import plain

from starwatch.codecs.options import InputOptions
from starwatch.codecs.tables import TableDecoder
from starwatch.errors import BadSetting, UnknownColumn
from starwatch.ratings.scale import Scale


def read(scale="1..5", **columns):
    batch = pa.record_batch(columns)
    decoder = TableDecoder(batch.schema, InputOptions(), Scale.parse(scale), where="x.parquet")
    return plain([decoder.decode(batch, first=0)])


@pytest.mark.parametrize(
    "product",
    [
        pa.array([7, 8]),
        pa.array([7.0, 8.0]),
        pa.array(["7", "8"], pa.large_string()),
        pa.array(["7", "8"]).dictionary_encode(),
        pa.array([b"7", b"8"]),
        pa.array([Decimal(7), Decimal(8)], pa.decimal128(5, 0)),
    ],
    ids=lambda column: str(column.type),
)
@pytest.mark.parametrize(
    "stars",
    [
        pa.array([5, 4], pa.int8()),
        pa.array([5, 4], pa.float32()),
        pa.array(["5", "4.0"]),
        pa.array(["5", "4"]).dictionary_encode(),
        pa.array([Decimal("5.0"), Decimal("4.0")]),
    ],
    ids=lambda column: str(column.type),
)
def test_columns_of_any_sensible_type(product, stars):
    assert read(movieId=product, rating=stars)[0] == [
        (0, "7", "", 4, None, None),
        (1, "8", "", 3, None, None),
    ]


def test_floats_count_as_the_shortest_decimal():
    ratings, _, _ = read("0..1/0.1", item=["a", "b"], score=pa.array([0.1, 0.7], pa.float32()))
    assert [rating[3] for rating in ratings] == [1, 7]


def test_missing_values():
    ratings, rejects, slots = read(
        user=pa.array(["A", None, "C"]),
        item=pa.array(["p", "q", None]),
        stars=pa.array([5.0, float("nan"), 3.0]),
        time=pa.array([None, 1, 2]),
    )
    assert ratings == [(0, "p", "A", 4, None, None)]
    assert [(at, reason) for at, reason, _ in rejects] == [
        (1, "missing_stars"),
        (2, "missing_product"),
    ]
    assert b'"item":"q"' in rejects[0][2]
    assert slots == 3


def test_a_column_that_cannot_hold_its_field():
    with pytest.raises(BadSetting, match="list<item: int64>, no product"):
        read(item=pa.array([[1]]), rating=[5])
    with pytest.raises(UnknownColumn, match="--column stars=ratng"):
        read(item=["a"], ratng=[5])
