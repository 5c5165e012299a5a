"""The batch branch of a backfill against plain Python: which ratings came before, in what order."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starwatch.errors import BadState
from starwatch.journal.entries import SCHEMA
from starwatch.ratings.batch import NO_TIME, Decoded
from starwatch.recompute.backfill import BackfillRatings
from starwatch.recompute.ratings import open_database
from starwatch.recompute.rules import COUNTED, DUPLICATE, LATE, REJECTED

RATINGS = st.lists(
    st.tuples(
        st.sampled_from(["", "", "1", "2", "ü"]),  # id
        st.sampled_from(["", "u", "v"]),  # reviewer
        st.sampled_from(["p", "q"]),
        st.integers(0, 1),  # stars
        st.integers(-1, 2),  # event time
    ),
    max_size=12,
)
HELD = st.lists(
    st.tuples(RATINGS, st.sampled_from([COUNTED, DUPLICATE, LATE, REJECTED])), max_size=3
)


def block(ratings, *, ids=True):
    id_, reviewer, product, stars, event_ms = zip(*ratings, strict=True) if ratings else [()] * 5
    return Decoded(
        position=np.arange(len(ratings), dtype=np.int64) * 2,
        product=pa.array(product, pa.string()),
        reviewer=pa.array(reviewer, pa.string()),
        stars=np.array(stars, np.uint8),
        event_ms=np.array(event_ms, np.int64),
        rating_id=pa.array(id_, pa.string()) if ids else None,
    )


def journalled(ratings, kind, *, timed=True):
    """The same as a state holds them, all of one class."""
    columns = block(ratings)
    number = len(ratings)
    event_ms = columns.event_ms if timed else np.full(number, NO_TIME)
    fields = {
        **dict.fromkeys(("arrival_ms", "partition", "position"), np.zeros(number, np.int64)),
        **{name: getattr(columns, name) for name in ("product", "reviewer", "rating_id", "stars")},
        "event_ms": event_ms,
        "class": np.full(number, kind),
        "met_ms": pa.nulls(number, pa.int64()),
    }
    return pa.RecordBatch.from_pydict(fields, schema=SCHEMA)


def known_by(rating, mode):
    """What a rating is known by; None: by nothing."""
    id_, reviewer, product, stars, event_ms = rating
    if id_ and mode != "off":
        return id_
    if mode == "content" and reviewer and event_ms != NO_TIME:
        return reviewer, product, stars, event_ms
    return None


def sorted_rows(ratings, at_once=5):
    return [row for table in ratings.sorted(at_once) for row in table.to_pylist()]


@pytest.fixture(scope="module")
def database():
    with open_database() as database:
        yield database


@given(st.lists(RATINGS, max_size=3), HELD, st.sampled_from(["off", "ids", "content"]))
@settings(deadline=None)  # each example plans a dozen queries
def test_the_first_of_a_kind_counts_unless_the_state_holds_it(database, files, held, mode):
    ratings = BackfillRatings(database, mode)
    for number, file in enumerate(files, 1):
        for first in range(0, len(file), 5):
            part = block(file[first : first + 5])
            ratings.take(number, replace(part, position=part.position + 2 * first))
    ratings.compare_with([], (journalled(some, kind) for some, kind in held))
    found = sorted_rows(ratings)
    seen = {known_by(r, mode) for some, kind in held if kind != REJECTED for r in some} - {None}
    expected = []
    for number, file in enumerate(files, 1):
        for row, rating in enumerate(file):
            key = known_by(rating, mode)
            kind = DUPLICATE if key in seen else COUNTED
            seen |= {key} - {None}
            expected.append((rating[4], number, 2 * row, kind, *rating[:4]))
    assert [
        (
            *(row["event_ms"], row["partition"], row["position"], row["class"]),
            *(row["rating_id"], row["reviewer"], row["product"], row["stars"]),
        )
        for row in found
    ] == sorted(expected)
    assert all(row["arrival_ms"] == row["event_ms"] and row["met_ms"] is None for row in found)


@pytest.mark.parametrize("timed", [True, False])
def test_sealed_files_and_entries_are_held_alike(timed, tmp_path):
    """A live rating without an event time of its own is known by its id alone."""
    one, other = ("", "u", "p", 1, 5), ("7", "", "p", 1, 5)
    files = []
    for number, rating in enumerate([one, other]):
        files.append(str(tmp_path / f"{number}.parquet"))
        batch = journalled([rating], COUNTED, timed=timed)
        table = pa.Table.from_batches([batch]).add_column(0, "seq", pa.array([0]))
        pq.write_table(table, files[-1])
    third, fourth = ("", "v", "p", 1, 5), ("", "w", "p", 1, 5)
    entries = [journalled([third], LATE, timed=timed), journalled([fourth], REJECTED)]
    with open_database() as database:
        ratings = BackfillRatings(database, "content")
        ratings.take(1, block([one, other, third, fourth]))
        ratings.compare_with(files, entries)
        kinds = [row["class"] for row in sorted_rows(ratings)]
        assert kinds == [DUPLICATE if timed else COUNTED, DUPLICATE, kinds[0], COUNTED]
        with pytest.raises(BadState, match="sealed ratings cannot be read"):
            ratings.compare_with([str(tmp_path / "none.parquet")], [])


def test_files_without_ids():
    with open_database() as database:
        ratings = BackfillRatings(database, "ids")
        ratings.take(1, block([("", "u", "p", 1, 5)] * 2, ids=False))
        ratings.compare_with([], [])
        assert [row["class"] for row in sorted_rows(ratings)] == [COUNTED, COUNTED]


def test_tables_are_as_large_as_asked_for():
    with open_database() as database:
        ratings = BackfillRatings(database, "off")
        for number in range(1, 4):
            ratings.take(number, block([("", "u", "p", 1, 5)] * 100_000))
        sizes = [len(table) for table in ratings.sorted(150_000)]
        assert sum(sizes) == 300_000
        assert len(sizes) == 2
