"""What `starwatch export` draws of a state with backfilled ratings."""

import csv
from collections import Counter

import pytest

from backfill.scenes import (
    HOUR_MS,
    LIVE_SECONDS,
    backfilled,
    counted,
    live_rows,
    made,
    old_rows,
    ratings_file,
)
from commands import starwatch
from starwatch.ratings.durations import moment_ms


def exported(state, *more):
    """How many ratings of each product, window and star."""
    out = state.parent / "means.csv"
    done = starwatch("export", "--state", state, "--window", "1h", "--out", out, *more)
    assert done.code == 0, done.err
    found = Counter()
    with out.open(newline="") as file:
        for row in csv.DictReader(file):
            key = row["product"], moment_ms(row["start"])
            found.update({(*key, star): int(row[f"stars_{star}"]) for star in range(1, 6)})
    return +found


@pytest.mark.parametrize("beside", [False, True])
def test_complete_windows_have_them_and_emitted_ones_do_not(beside, tmp_path):
    """Years before the live ratings, or in the very windows of them."""
    state = made(tmp_path)
    rows = old_rows()
    if beside:
        rows = [(f"o{n}", f"p{n % 3}", 5, LIVE_SECONDS + 3 * n) for n in range(50)]
    assert exported(state) == exported(state, "--as-emitted") == counted(live_rows())
    backfilled(state, ratings_file(tmp_path / "old.csv", *rows))
    assert exported(state) == counted(live_rows(), rows, tier_ms=HOUR_MS)
    assert exported(state, "--as-emitted") == counted(live_rows())
