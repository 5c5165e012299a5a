"""What was backfilled is let go as what was sealed is; the proof of the live job stays whole."""

import sqlite3
from contextlib import closing

from backfill.scenes import (
    assert_tidy,
    backfilled,
    complete,
    counted,
    live_rows,
    made,
    old_rows,
    ratings_file,
    said,
    sealed,
)
from commands import starwatch


def test_backfilled_ratings_go_by_the_age_of_their_files(tmp_path):
    state = made(tmp_path)
    backfilled(state, ratings_file(tmp_path / "old.csv", *old_rows()))
    ledger = said("ledger", state)
    pruned = starwatch("state", "prune", "--state", state)
    assert "0 ratings in 0 files gone" in pruned.out
    assert len(sealed(state)) == len(old_rows())
    with closing(sqlite3.connect(state / "starwatch.db")) as database:
        database.execute("UPDATE backfilled SET made_ms = made_ms - 8 * 86400000")
        database.commit()
    pruned = starwatch("state", "prune", "--state", state)
    assert f"{len(old_rows())} ratings in " in pruned.out
    assert sealed(state) == []
    assert_tidy(state)
    assert complete(state)[0] == counted(live_rows(), old_rows())
    assert said("ledger", state) == ledger
    verified = said("verify", state)
    assert f"{len(old_rows())} of them are retired" in verified
    starwatch("backfill", "--state", state, tmp_path / "old.csv")  # it is known, though retired
    assert complete(state)[0] == counted(live_rows(), old_rows())
