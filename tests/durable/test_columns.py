"""Columns as bytes: whatever they hold comes back, and what repeats takes next to nothing."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starwatch.journal.columns import Reader, Writer
from starwatch.journal.entries import SCHEMA, Entry
from starwatch.ratings.batch import NO_TIME

int64s = st.integers(-(2**63), 2**63 - 1)
near = st.builds(
    lambda base, steps: [base + step for step in steps],
    st.integers(-(2**62), 2**62),
    st.lists(st.sampled_from([0, 1, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32]), max_size=9),
)


def data_of(writer):
    return pa.py_buffer(b"".join(writer.written()))


@settings(deadline=None)
@given(st.lists(st.one_of(near, st.lists(int64s, max_size=9)), max_size=4), st.integers(1, 99))
def test_whole_numbers_of_any_size_come_back(columns, times):
    writer = Writer()
    columns = [np.array(column * times, np.int64) for column in columns]
    packed = [writer.numbers(column) for column in columns]
    reader = Reader(data_of(writer))
    for column, how in reversed(list(zip(columns, packed, strict=True))):
        assert reader.numbers(how).tolist() == column.tolist()


@settings(deadline=None)
@given(st.lists(st.text(max_size=9), max_size=9), st.integers(1, 99), st.data())
def test_texts_come_back_also_from_the_middle_of_a_column(texts, times, data):
    whole = pa.array(texts * times, pa.string())
    start = data.draw(st.integers(0, len(whole)))
    column = whole.slice(start, data.draw(st.integers(0, len(whole))))
    writer = Writer()
    how = writer.texts(column)
    assert Reader(data_of(writer)).texts(*how).to_pylist() == column.to_pylist()


def test_a_broken_column_is_said():
    writer = Writer()
    column = pa.array([f"p{row % 7}" for row in range(1000)])
    lengths, texts = writer.texts(column)
    data = data_of(writer)
    with pytest.raises(ValueError, match="missing"):
        Reader(data.slice(0, data.size - 1)).texts(lengths, texts)
    with pytest.raises(ValueError, match="other lengths"):
        Reader(data).texts(writer.numbers(np.full(1000, 3)), texts)
    with pytest.raises(OSError, match=r"."):
        Reader(pa.py_buffer(b"\xff" * data.size)).texts(lengths, texts)


def shop(count):
    """Ratings as a shop has them: in order, a moment apart, of random ids of ten characters."""
    drawn = np.random.default_rng(1)
    letters = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "S1")
    reviewers = letters[drawn.integers(0, 36, (count, 13))].view("S13").ravel().astype("U")
    arrival = 1_767_225_600_000 + np.cumsum(drawn.integers(0, 3, count))
    columns = {
        "arrival_ms": arrival,
        "partition": np.zeros(count),
        "position": np.arange(count) + 12_345,
        "stars": drawn.integers(0, 5, count),
        "event_ms": arrival - drawn.integers(0, 3000, count),
        "class": np.zeros(count),
        "met_ms": [None] * count,
        "product": [f"B{n:09}" for n in drawn.zipf(1.3, count) % 100_000],
        "reviewer": reviewers,
        "rating_id": [""] * count,
    }
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA)


def test_many_ratings_take_few_bytes_and_come_back():
    ratings = shop(20_000)
    data = Entry(ratings).encode()
    assert Entry.decode(data).ratings.equals(ratings)
    # Thirteen random characters of 36 are worth 8.4 bytes, 3000 delays 1.4, five stars 0.3.
    assert len(data) < 16 * len(ratings)


def test_one_rating_takes_little_more_than_its_texts():
    assert len(Entry(shop(1)).encode()) < 300


def test_columns_that_are_not_wanted_are_not_read():
    ratings = shop(5000).set_column(
        SCHEMA.get_field_index("event_ms"), SCHEMA.field("event_ms"), pa.array([NO_TIME] * 5000)
    )
    some = ["arrival_ms", "event_ms", "product"]
    found = Entry.decode(Entry(ratings).encode(), some).ratings
    assert found.equals(ratings.select(some))
