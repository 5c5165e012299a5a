"""Merged files of panes hold what the files held that they were made of."""

import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from history.histories import histories
from starwatch.history import merging
from starwatch.history.files import write_tables
from starwatch.history.merging import merge, put_in_place, to_merge
from starwatch.journal.pane_files import PaneFile

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
HOURS = 60 * 24


def named(first, last, size, tier_ms=HOUR_MS):
    name = f"tier={tier_ms}/{first:012d}-{last:012d}.parquet"
    return PaneFile(name, tier_ms, 0, 0, 1, size, 0)


def written(folder, job, ratings, cuts):
    """Ratings as files of panes, a range of them each, of all tiers."""
    edges = sorted({0, *(cut % (len(ratings) + 1) for cut in cuts), len(ratings)})
    files = []
    for begin, end in pairwise(edges):
        stem = f"{begin + 1:012d}-{end:012d}"
        files += write_tables(folder, job, pa.Table.from_batches([ratings[begin:end]]), stem)
    return files


def rows_of(folder, files):
    paths = [folder / file.name for file in files]
    return [row for path in paths for row in pq.read_table(path, partitioning=None).to_pylist()]


def key_of(row):
    met = row["met_ms"]
    return row["product"].encode(), row["start_ms"], met is not None, met or 0


def summed(rows):
    sums = Counter()
    for row in rows:
        stars = {(key_of(row), name): n for name, n in row.items() if name.startswith("stars_")}
        sums.update(stars)
    return +sums


@settings(deadline=None, max_examples=15)
@given(histories(), st.lists(st.integers(0, 60), max_size=12), st.integers(1, 30), st.data())
def test_any_sequence_of_merges_is_the_sum_of_the_files(history, cuts, group, data):
    """Whatever lies in a row group, and however few rows are in memory."""
    small = mock.patch.multiple(merging, GROUP_ROWS=group, _ROWS=data.draw(st.integers(1, 40)))
    with tempfile.TemporaryDirectory() as root, small:
        folder = Path(root)
        with mock.patch("starwatch.history.files.GROUP_ROWS", group):
            files = written(folder, history.job, history.ratings, cuts)
        tiers = {file.tier_ms for file in files}
        before = {tier: summed(rows_of(folder, _of(files, tier))) for tier in tiers}
        while sources := to_merge(files, fewest=data.draw(st.integers(2, 4))):
            merged = merge(folder, sources)
            assert {file.name for file in sources} == set(merged.sources)
            put_in_place(folder, merged)
            files = [file for file in files if file not in sources] + [merged.file]
            rows = rows_of(folder, [merged.file])
            keys = [key_of(row) for row in rows]
            assert keys == sorted(set(keys))
            starts = [row["start_ms"] for row in rows]
            assert (merged.file.first_ms, merged.file.last_ms) == (min(starts), max(starts))
            assert merged.file.rows == len(rows)
        assert before == {tier: summed(rows_of(folder, _of(files, tier))) for tier in tiers}


def _of(files, tier):
    return [file for file in files if file.tier_ms == tier]


def test_neighbours_of_similar_size_are_merged_from_so_many_on():
    files = [named(n, n, 100 + n % 3) for n in range(1, 17)]
    assert to_merge(files[:15], fewest=16) == []
    assert to_merge(reversed(files), fewest=16) == files
    large = named(17, 90, 5_000)
    assert to_merge([*files, large], fewest=16) == files
    assert to_merge([*files[:15], large], fewest=16) == []


def test_small_files_between_large_ones_are_merged_in_the_end():
    """As hours of the night between those of the day: no sixteen alike are neighbours."""
    files = [named(n, n, 9_000 if n % 8 == 0 else 10) for n in range(40)]
    found = to_merge(files, fewest=16)
    assert len(found) >= 16
    assert 2 * max(file.size for file in found) <= sum(file.size for file in found)


def test_short_panes_and_backfills_are_left_alone():
    minutes = [named(n, n, 100, 60_000) for n in range(40)]
    backfilled = [
        PaneFile(f"tier=1h/backfill-000001-{n:06d}.parquet", HOUR_MS, 0, 0, 1, 100, 0)
        for n in range(40)
    ]
    assert to_merge([*minutes, *backfilled], fewest=16) == []
    hours = [named(n, n, 100) for n in range(20)]
    assert to_merge([*minutes, *backfilled, *hours], fewest=16) == hours


def test_a_merge_has_bounds():
    files = [named(n, n, 100) for n in range(200)]
    assert len(to_merge(files, fewest=16)) == 64
    assert len(to_merge(files, fewest=16, most_bytes=2_000)) == 20
    assert to_merge(files, fewest=16, most_bytes=1_500) == []


def test_files_stay_few_and_are_rarely_written_again():
    """Sixty days of hours."""
    files, rewritten = [], 0
    for hour in range(HOURS):
        files.append(named(hour, hour, 100))
        while sources := to_merge(files, fewest=16):
            size = sum(file.size for file in sources)
            rewritten += size
            first, last = sources[0].entries[0], sources[-1].entries[1]
            files = [file for file in files if file not in sources]
            files.append(named(first, last, size))
        assert len(files) <= 48
    assert rewritten <= 5 * HOURS * 100
