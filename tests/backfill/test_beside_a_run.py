"""A backfill beside a run that writes: its windows do not move, and the history has both."""

import os
import signal
import sys
from pathlib import Path

import pytest

from backfill.scenes import (
    HOUR_MS,
    LIVE_SECONDS,
    assert_tidy,
    backfilled,
    complete,
    counted,
    live_books,
    old_rows,
    ratings_file,
    said,
)
from commands import process, soon, starwatch
from starwatch.errors import StateLocked
from starwatch.journal.lock import BACKFILL, DirectoryLock
from starwatch.service.state import State

ROWS = [(f"u{n}", f"p{n % 3}", n % 5 + 1, LIVE_SECONDS + n // 2) for n in range(500)]
OPTIONS = (
    *("--speed", "50x", "--window", "10s/5s", "--duplicates", "content", "--quiet"),
    *("--start", "2021-06-01T00:00:00Z", "--commit-ratings", "10", "--batch-size", "10"),
    *("--snapshot-seconds", "0.1", "--seal-ratings", "60"),
)
"""Five seconds, with commits, snapshots, panes and sealed ratings now and then."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ratings_file(tmp_path / "live.csv", *ROWS)
    ratings_file(tmp_path / "old.csv", *old_rows(), *ROWS[:20], *ROWS[-20:])
    return tmp_path


def command(state):
    outputs = ("--output", f"jsonl:{state}.jsonl", "--output", f"csv:{state}.csv")
    return ("replay", "live.csv", *OPTIONS, *outputs, "--state", state)


def written(state):
    """Whether the run has sealed ratings and goes on."""
    return (
        list(Path(state).glob("ratings/*/*"))
        and "live.csv" in starwatch("ledger", "--state", state).out
    )


def test_live_outputs_and_books_are_those_of_a_run_alone(folder):
    assert starwatch(*command("alone"), "--as-fast-as-possible").code == 0
    with process(*command("s")) as child:
        soon(lambda: written("s"))
        (line,) = backfilled("s", "old.csv")
        assert child.poll() is None, "the run ended before the backfill did"
        more = ratings_file(folder / "more.csv", ("x", "p1", 3, 900_000_000))
        backfilled("s", more.name)
        assert child.wait(30) == 0
    for end in ("jsonl", "csv"):
        assert Path(f"s.{end}").read_bytes() == Path(f"alone.{end}").read_bytes()
    assert live_books(folder / "s") == said("ledger", folder / "alone").splitlines()
    # What the run had taken by then is a duplicate; what it takes later it counts itself too.
    duplicate = int(line.split(" duplicate")[0].split()[-1])
    assert 20 <= duplicate <= 40
    both = counted(ROWS, old_rows(), [("x", "p1", 3, 900_000_000)], ROWS[480 + duplicate - 20 :])
    alone = complete(folder / "alone")
    assert alone == (counted(ROWS), counted(ROWS))
    assert complete(folder / "s") == (both, counted(ROWS))
    assert "all agree" in said("verify", folder / "s")
    assert_tidy(folder / "s")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")
def test_a_run_that_is_killed_goes_on_behind_a_backfill(folder):
    assert starwatch(*command("alone"), "--as-fast-as-possible").code == 0
    with process(*command("s")) as child:
        soon(lambda: written("s"))
        child.kill()
        child.wait(20)
    backfilled("s", "old.csv")
    env = os.environ | {"STARWATCH_FAILPOINT": "seal.after_rename:2"}
    more = ("--as-fast-as-possible", "--snapshot-seconds", "0")  # so that it seals often enough
    with process(*command("s"), *more, env=env) as child:
        assert child.wait(30) == -signal.SIGKILL
    assert starwatch(*command("s"), "--as-fast-as-possible").code == 0
    for end in ("jsonl", "csv"):
        assert Path(f"s.{end}").read_bytes() == Path(f"alone.{end}").read_bytes()
    assert live_books(folder / "s") == said("ledger", folder / "alone").splitlines()
    emitted = complete(folder / "s", tier_ms=HOUR_MS)[1]
    assert emitted == complete(folder / "alone", tier_ms=HOUR_MS)[1]
    assert "all agree" in said("verify", folder / "s")
    assert_tidy(folder / "s")


def test_a_start_leaves_the_files_of_a_backfill_in_progress(folder):
    """They have no name in the database until all of them are there."""
    State(folder / "s").__exit__()
    unnamed = [
        folder / "s" / name
        for name in (
            *("ratings/day=2001-01-01/backfill-000001-000001.parquet",),
            *("history/tier=1h/backfill-000001-000001.parquet", "backfilling/any"),
            "history/tier=1h/.backfill-000001-000002.part",
        )
    ]
    other = folder / "s" / "ratings/day=2001-01-01/000000000001-000000000002.parquet"
    for path in (*unnamed, other):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    with DirectoryLock(folder / "s", BACKFILL):
        State(folder / "s").__exit__()
        assert [path.exists() for path in (*unnamed, other)] == [True] * 4 + [False]
        with pytest.raises(StateLocked, match=f"is being backfilled by process {os.getpid()}"):
            State(folder / "s", again=True)
        done = starwatch("backfill", "--state", "s", "old.csv")
        assert done.code == 1
        assert "no run has begun" in done.err
    State(folder / "s").__exit__()
    assert not any(path.exists() for path in unnamed)


def test_one_backfill_at_a_time(folder):
    assert starwatch(*command("s"), "--as-fast-as-possible").code == 0
    with DirectoryLock(folder / "s", BACKFILL):
        done = starwatch("backfill", "--state", "s", "old.csv")
        assert (done.code, done.out) == (1, "")
        assert done.err == (
            f"error: the state s is being backfilled by process {os.getpid()}."
            " Wait until that process has ended\n"
        )
        assert starwatch(*command("s"), "--as-fast-as-possible").code == 0  # a run may start
    backfilled("s", "old.csv")
