"""Sealed ratings as files: few enough, and each where its name says."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from starwatch.history.files import write_panes
from starwatch.history.panes import COLUMNS
from starwatch.journal.entries import SCHEMA, Entry
from starwatch.journal.rating_files import MOST_FILES
from starwatch.journal.sealing import seal
from starwatch.ratings.batch import NO_TIME
from starwatch.windows.job import Job

DAY_MS = 86_400_000
MAY_2001_MS = 988_675_200_000


def entry(times_ms, arrivals_ms=None):
    """Ratings of these event times."""
    count = len(times_ms)
    columns = {
        **dict.fromkeys(SCHEMA.names, [0] * count),
        **dict.fromkeys(("product", "reviewer", "rating_id"), ["p"] * count),
        "event_ms": times_ms,
        "arrival_ms": times_ms if arrivals_ms is None else arrivals_ms,
        "position": range(count),
    }
    return Entry(pa.RecordBatch.from_pydict(columns, schema=SCHEMA))


def sealed(folder, *entries, first=7):
    sealing = seal(folder, first, lambda _: enumerate(entries, 3))
    tables = [pq.read_table(folder / file.name, partitioning=None) for file in sealing.files]
    for file, table in zip(sealing.files, tables, strict=True):
        assert file.size == (folder / file.name).stat().st_size
        assert all(a < b for a, b in pairwise(table["seq"].to_pylist()))
    whole = pa.concat_tables(tables).sort_by("seq")
    assert whole["seq"].to_pylist() == list(range(first, first + sealing.ratings))
    return {file.name: table for file, table in zip(sealing.files, tables, strict=True)}, whole


def test_a_few_days_are_a_file_each(tmp_path):
    times = [MAY_2001_MS + day * DAY_MS for day in (1, 0, 1)]
    files, whole = sealed(tmp_path, entry(times), entry([-1]))
    assert {name: table["seq"].to_pylist() for name, table in files.items()} == {
        "day=1969-12-31/000000000003-000000000004.parquet": [10],
        "day=2001-05-01/000000000003-000000000004.parquet": [8],
        "day=2001-05-02/000000000003-000000000004.parquet": [7, 9],
    }
    assert whole["event_ms"].to_pylist() == [*times, -1]


@pytest.mark.parametrize(
    ("days", "step", "span", "expected"),
    [
        (MOST_FILES, 1, "day", MOST_FILES),
        (MOST_FILES + 1, 1, "month", 3),
        (20 * 365, 1, "year", 21),
        (MOST_FILES + 1, 366, "year=any", 1),
    ],
)
def test_many_days_are_few_files(days, step, span, expected, tmp_path):
    """As a replay of twenty years of reviews: thousands of days in one range of the journal."""
    times = MAY_2001_MS + np.arange(days)[::-1] * step * DAY_MS
    files, whole = sealed(tmp_path, entry(times))
    assert len(files) == expected <= MOST_FILES
    assert whole["event_ms"].to_pylist() == times.tolist()
    for name, table in files.items():
        folder = name.split("/")[0]
        assert folder.startswith(span)
        moments = {str(ms.astype("datetime64[ms]")) for ms in table["event_ms"].to_numpy()}
        if span != "year=any":
            assert all(moment.startswith(folder.split("=")[1]) for moment in moments)


def test_ratings_without_event_time_lie_by_their_arrival(tmp_path):
    files, _ = sealed(tmp_path, entry([NO_TIME], [MAY_2001_MS]))
    assert [name.split("/")[0] for name in files] == ["day=2001-05-01"]


def test_many_ratings_are_sealed_and_counted_with_few_of_them_in_memory(tmp_path):
    """Half a million ratings of 190 bytes: 95 MB, and 25 MB a row group."""
    entries, held = 50, []

    def read(columns):
        start = pa.total_allocated_bytes()
        for number in range(1, entries + 1):
            times = MAY_2001_MS + np.arange(10_000) + number * 10_000
            ratings = entry(times).ratings
            for name in {"product", "reviewer", "rating_id"} & set(columns):
                texts = pa.array([f"{row:040}" for row in range(10_000)])
                ratings = ratings.set_column(SCHEMA.get_field_index(name), name, texts)
            held.append(pa.total_allocated_bytes() - start)
            yield number, Entry(ratings.select(columns))
            del ratings

    sealing = seal(tmp_path / "ratings", 0, read)
    assert sealing.ratings == entries * 10_000
    panes = write_panes(tmp_path / "history", Job(), read(COLUMNS))
    assert panes.entry == entries
    assert max(held) < 60_000_000
