"""Ratings of many journal entries at once are those of the entries one by one."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from durable.test_entries import inputs
from starwatch.history.panes import COLUMNS
from starwatch.journal.entries import SCHEMA, Entry
from starwatch.journal.portions import BrokenEntry, portions
from views.made import entry


def bodies_of(entries, first=1):
    return [(first + at, each.encode()) for at, each in enumerate(entries)]


@settings(deadline=None)  # the first one imports
@given(
    st.lists(inputs(), max_size=6),
    st.integers(1, 12),
    st.sampled_from([COLUMNS, ("event_ms", "met_ms"), tuple(SCHEMA.names)]),
)
def test_portions_are_the_entries_in_order(given_entries, most, columns):
    entries = [Entry.of(parts, marks) for parts, marks in given_entries]
    found = list(portions(bodies_of(entries, 7), columns, most))
    rows = [row for portion in found for row in portion.ratings.to_pylist()]
    whole = [row for each in entries for row in each.ratings.select(list(columns)).to_pylist()]
    assert rows == whole
    numbers = [n for portion in found for n in range(portion.first, portion.last + 1)]
    assert numbers == list(range(7, 7 + len(entries)))
    for portion in found:
        held = entries[portion.first - 7 : portion.last - 6]
        assert len(portion.ratings) == sum(len(each.ratings) for each in held)
        assert len(held) == 1 or len(portion.ratings) <= most
        assert portion.ratings.schema == pa.schema([SCHEMA.field(name) for name in columns])


def test_numbers_of_any_size_come_as_they_were():
    ends = (-(2**62), 2**62, 0, -5, 2**31, 7)
    entries = [entry([("A", 1, ms), ("B", 2, ms // 3)]) for ms in ends]
    (portion,) = portions(bodies_of(entries), SCHEMA.names, 1000)
    whole = [row for each in entries for row in each.ratings.to_pylist()]
    assert portion.ratings.to_pylist() == whole


@pytest.mark.parametrize("damage", ["cut", "empty", "garbage", "texts"])
def test_the_broken_one_of_many_is_named(damage):
    data = entry([(f"P{at * at}", at % 5, at * at) for at in range(50)]).encode()
    broken = {"cut": data[:-9], "empty": b"", "garbage": b"\xff" * 99, "texts": data[:90]}[damage]
    bodies = [(number, broken if number == 3 else data) for number in range(1, 6)]
    with pytest.raises(BrokenEntry) as said:
        list(portions(bodies, SCHEMA.names, 1000))
    assert said.value.number == 3
