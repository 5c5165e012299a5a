"""`starwatch backfill`: old files beside a finished run, and what is refused."""

import gzip
import json
import re
import shutil
import sqlite3
import time
from contextlib import closing
from zlib import crc32

import pyarrow.parquet as pq
import pytest

from backfill.scenes import (
    BY_TIME,
    HOUR_MS,
    LIVE_SECONDS,
    OLD_SECONDS,
    assert_tidy,
    backfilled,
    complete,
    counted,
    live_books,
    live_rows,
    made,
    old_rows,
    ratings_file,
    said,
    sealed,
)
from commands import csv_file, starwatch
from starwatch.history.panes import BACKFILLED_MS
from starwatch.journal import backfills
from starwatch.journal.places import DATABASE
from starwatch.journal.store import Journal
from starwatch.service import backfilling
from starwatch.terminal.summary import size_text

DAY_MS = 24 * HOUR_MS


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def old(folder):
    return ratings_file(folder / "old.csv", *old_rows()).relative_to(folder)


@pytest.fixture
def state(folder):
    made(folder)
    return (folder / "s").relative_to(folder)


def refused(code, error, *arguments):
    """The one line with which a backfill is refused."""
    done = starwatch("backfill", *arguments)
    assert (done.code, done.out) == (code, "")
    assert re.fullmatch(f"error: .*{error}.*\n", done.err), done.err


@pytest.mark.parametrize("tier_ms", [10_000, 60_000, HOUR_MS, DAY_MS])
def test_the_history_gains_old_ratings_and_no_emitted_window_does(tier_ms, old, state):
    before, emitted = complete(state, tier_ms=tier_ms)
    assert before == emitted == counted(live_rows(), tier_ms=tier_ms)
    books = live_books(state)
    assert backfilled(state, old) == [
        "old.csv (backfill): received 30 = 30 counted + 0 duplicate + 0 rejected"
    ]
    now, emitted_now = complete(state, tier_ms=tier_ms)
    assert now == counted(live_rows(), old_rows(), tier_ms=tier_ms)
    assert emitted_now == emitted
    assert live_books(state) == books
    assert_tidy(state)


def test_old_ratings_in_the_very_panes_of_live_ones(folder, state):
    """Where a window was emitted long ago, they are in the complete one all the same."""
    rows = [(f"o{n}", f"p{n % 3}", 5, LIVE_SECONDS + 3 * n) for n in range(50)]
    backfilled(state, ratings_file(folder / "old.csv", *rows))
    now, emitted = complete(state)
    assert now == counted(live_rows(), rows)
    assert emitted == counted(live_rows())
    assert "all agree" in said("verify", state)


def test_sealed_ratings_are_sorted_open_files_that_say_what_they_are(old, state):
    backfilled(state, old)
    rows = sealed(state)
    assert sorted(row["seq"] for row in rows) == list(range(30))
    assert {row["met_ms"] for row in rows} == {BACKFILLED_MS}
    assert {(row["partition"], row["class"]) for row in rows} == {(1, 0)}
    found = [(r["reviewer"], r["product"], r["stars"] + 1, r["event_ms"] // 1000) for r in rows]
    assert sorted(found) == sorted(old_rows())
    names = sorted(path.as_posix() for path in state.glob("ratings/*/backfill-*"))
    assert names == [f"s/ratings/year=200{n}/backfill-000001-000001.parquet" for n in range(1, 5)]


def test_rejects_are_kept_with_file_and_row(folder, state):
    file = csv_file(
        folder / "old.csv",
        "user,product,rating,timestamp",
        f"a,p,5,{OLD_SECONDS}",
        "b,p,9,1000000000",
        "c,p,3,",
        "d,p,3,yesterday",
        "no rating at all",
    )
    assert backfilled(state, file)[0].endswith("received 5 = 1 counted + 0 duplicate + 4 rejected")
    lines = [json.loads(line) for line in said("rejects", state).splitlines()]
    assert [(line["row"], line["reason"]) for line in lines] == [
        (1, "off_scale"),
        (2, "missing_time"),
        (3, "bad_time"),
        (4, "unreadable"),
    ]
    assert {line["file"] for line in lines} == {str(file)}
    assert lines[0]["raw"] == "b,p,9,1000000000"
    (line,) = said("rejects", state, "--reason", "bad_time").splitlines()
    assert json.loads(line)["raw"] == "d,p,3,yesterday"
    assert "5 = 1 counted" in said("ledger", state)
    assert "1 ratings of 1 file" in said("verify", state)


def test_the_same_bytes_are_taken_once_whatever_they_are_called(folder, old, state):
    backfilled(state, old)
    ledger, history = said("ledger", state), complete(state)
    shutil.copy(old, "copy.csv")
    for file in ("old.csv", "copy.csv"):
        done = starwatch("backfill", "--state", state, file)
        assert (done.code, done.out) == (0, "")
        expected = rf"{file} is left out: its bytes were taken as old\.csv at 20\d\d-.*Z\n"
        assert re.fullmatch(expected, done.err)
    new = ratings_file(folder / "new.csv", ("x", "p1", 1, OLD_SECONDS))
    shutil.copy(new, "again.csv")
    done = starwatch("backfill", "--state", state, "copy.csv", "new.csv", "again.csv")
    assert done.code == 0
    assert done.out.splitlines() == [
        "new.csv (backfill): received 1 = 1 counted + 0 duplicate + 0 rejected"
    ]
    assert "again.csv is left out: its bytes were taken as new.csv" in done.err
    assert complete(state)[0].total() == history[0].total() + 1
    assert said("ledger", state).startswith(ledger[: ledger.index("old.csv (backfill)")])


def test_a_file_for_each_line_and_a_sum(folder, state):
    (folder / "more").mkdir()
    for number in range(3):
        ratings_file(folder / "more" / f"{number}.csv", *old_rows(number + 1))
    expected = [
        *(
            f"more/{n}.csv (backfill): received {n + 1} = {n + 1} counted + 0 duplicate"
            " + 0 rejected"
            for n in range(3)
        ),
        "all backfills: received 6 = 6 counted + 0 duplicate + 0 rejected",
    ]
    assert backfilled(state, "more") == expected
    assert said("ledger", state).splitlines()[-4:] == expected


@pytest.mark.parametrize(
    ("mode", "counts"),
    [
        ("off", "5 counted + 0 duplicate"),
        ("ids", "5 counted + 0 duplicate"),
        ("content", "2 counted + 3 duplicate"),
    ],
)
def test_duplicates_of_live_ratings_by_the_mode_of_the_job(mode, counts, folder):
    """Two live ratings and one that comes twice, from years before the horizon of the job."""
    state = made(folder, "--duplicates", mode)
    twice = ("x", "p1", 4, OLD_SECONDS)
    rows = [live_rows()[3], twice, live_rows()[39], twice, ("x", "p1", 4, OLD_SECONDS + 1)]
    line = backfilled(state, ratings_file(folder / "old.csv", *rows))[0]
    assert f"received 5 = {counts} + 0 rejected" in line
    total = int(counts.split()[0])
    assert complete(state)[0].total() == len(live_rows()) + total
    again = ratings_file(folder / "again.csv", twice, ("y", "p1", 4, OLD_SECONDS))
    expected = "1 counted + 1 duplicate" if mode == "content" else "2 counted + 0 duplicate"
    assert expected in backfilled(state, again)[0]


def test_duplicates_by_id(folder):
    head = "id,user,product,rating,timestamp"
    live = csv_file(folder / "live.csv", head, *(f"r{n},u,p,5,{LIVE_SECONDS + n}" for n in (1, 2)))
    done = starwatch("replay", live, *BY_TIME, "--duplicates", "ids", "--state", "s")
    assert done.code == 0, done.err
    rows = [
        "r2,z,q,1,1000000000",
        "r3,u,p,5,1600000001",
        "r3,v,p,5,1000000000",
        ",v,p,5,1000000000",
    ]
    line = backfilled(folder / "s", csv_file(folder / "old.csv", head, *rows, rows[3]))[0]
    assert "received 5 = 3 counted + 2 duplicate" in line


def test_a_job_by_arrival_takes_event_times_for_its_panes(folder, old):
    live = ratings_file(folder / "live.csv", *live_rows())
    options = ("--every", "1s", "--as-fast-as-possible", "--start", "2021-06-01T00:00:00Z")
    assert starwatch("replay", live, *options, "--quiet", "--state", "s").code == 0
    before = complete(folder / "s")[0]
    backfilled(folder / "s", old)
    assert complete(folder / "s")[0] - before == counted(old_rows())


def test_the_scale_is_that_of_the_state(folder):
    state = made(folder, "--scale", "0.5..5/0.5")
    file = ratings_file(folder / "old.csv", ("a", "p", "4.5", OLD_SECONDS), ("a", "p", 0, 1))
    assert "1 counted + 0 duplicate + 1 rejected" in backfilled(state, file)[0]
    refused(2, "no such option.*--scale", "--state", state, file, "--scale", "1..5/1")


def test_times_that_the_job_refuses(old, state):
    """As a live job does; here the rule is put into the state of a replay."""
    with closing(Journal(state / DATABASE)) as journal:
        limit = (OLD_SECONDS + 1) * 1000
        journal.note({"job": journal.fact("job") | {"oldest_ms": limit}})
    assert "29 counted + 0 duplicate + 1 rejected" in backfilled(state, old)[0]
    (line,) = said("rejects", state).splitlines()
    reject = json.loads(line)
    assert (reject["row"], reject["reason"]) == (0, "event_time_too_old")
    assert json.loads(reject["raw"]) == {
        "reviewer": "o0",
        "product": "p0",
        "rating": 1.0,
        "timestamp_ms": OLD_SECONDS * 1000,
    }


def test_a_time_further_ahead_than_the_job_allows(folder, state):
    with closing(Journal(state / DATABASE)) as journal:
        journal.note({"job": journal.fact("job") | {"ahead_ms": 60_000}})
    now = int(time.time())
    rows = [("a", "p", 5, now + 3600), ("b", "p", 5, now), ("c", "q,", 9, 1)]
    line = backfilled(state, ratings_file(folder / "old.csv", *rows))[0]
    assert "received 3 = 1 counted + 0 duplicate + 2 rejected" in line
    reasons = [json.loads(line)["reason"] for line in said("rejects", state).splitlines()]
    assert reasons[0] == "event_time_in_future"


def test_only_the_first_rejects_of_a_file_are_kept(folder, state, monkeypatch):
    for module in (backfills, backfilling):
        monkeypatch.setattr(module, "KEPT_REJECTS", 3)
    rows = [("a", "p", 9, n) for n in range(5)]
    for name, number in (("one.csv", 5), ("two.csv", 2)):
        backfilled(state, ratings_file(folder / name, *rows[:number], (name, "p", 1, 1)))
    done = starwatch("rejects", "--state", state)
    assert [json.loads(line)["row"] for line in done.out.splitlines()] == [0, 1, 2, 0, 1]
    assert done.err == "note: 2 later ones of backfilled files are not kept\n"
    assert "all backfills: received 9 = 2 counted + 0 duplicate + 7 rejected" in said(
        "ledger", state
    )
    assert "their books balance" in said("verify", state)


def test_retention_lets_backfilled_ratings_go_like_others(old, state):
    backfilled(state, old)
    with closing(Journal(state / DATABASE)) as journal:
        for table in ("backfilled", "history"):
            journal._database.execute(f"UPDATE {table} SET made_ms = 0")  # noqa: S608, SLF001
    before = complete(state)
    files = [path for tier in ("10s", "1m") for path in state.glob(f"history/tier={tier}/*")]
    files += state.glob("ratings/*/*")
    size = size_text(sum(path.stat().st_size for path in files))
    done = starwatch("state", "prune", "--state", state, "--keep", "1d")
    assert done.code == 0
    assert done.out.startswith(
        f"ratings  30 ratings in 4 files gone\npanes    4 files gone\nsize     {size} gone\n"
    )
    assert sealed(state) == []
    assert complete(state) == before  # long panes stay
    out = said("verify", state)
    assert "backfilled: 30 ratings of 1 file, in no window; their books balance; 30 of" in out
    assert_tidy(state)


def test_what_is_no_state(folder, old):
    refused(2, "there is no state in none", "--state", "none", old)
    assert not (folder / "none").exists()


def test_a_state_in_which_nothing_has_begun(folder, old):
    Journal(folder / DATABASE).close()
    refused(1, "no run has begun in", "--state", folder, old)


def test_wrong_arguments(folder, old, state):
    refused(2, "no-file.csv cannot be read: no such file", "--state", state, "no-file.csv")
    refused(2, "'lots' is no amount of memory. .*4GB", "--state", state, old, "--memory", "lots")
    refused(2, "is a file that the job itself plays", "--state", state, "live.csv")
    shutil.copy("live.csv", "renamed.csv")
    refused(2, "is a file that the job itself plays", "--state", state, old, "renamed.csv")
    assert "backfill" not in said("ledger", state)
    assert_tidy(folder / "s")


def test_too_little_memory(old, state):
    refused(1, "needs more memory.*--memory 2GB", "--state", state, old, "--memory", "100KB")
    assert "backfill" not in said("ledger", state)
    assert_tidy(state)
    backfilled(state, old)


def test_a_file_that_breaks_off_takes_none_of_all(folder, old, state):
    whole = gzip.compress(old.read_bytes() + b"bad,,,\n" * 9000)
    (folder / "torn.csv.gz").write_bytes(whole[:-30])
    before = complete(state)
    refused(
        1,
        "torn.csv.gz.*after row.*Nothing of this backfill was taken",
        "--state",
        state,
        old,
        "torn.csv.gz",
    )
    assert complete(state) == before
    assert said("rejects", state) == ""
    assert "backfill" not in said("ledger", state)
    assert_tidy(state)
    with closing(Journal(state / DATABASE, reading=True)) as journal:
        assert journal.backfill_refused() == {}
    backfilled(state, old)


def test_a_file_without_ratings(folder, state):
    file = csv_file(folder / "old.csv", "user,product,rating,timestamp")
    assert "received 0 = 0 counted" in backfilled(state, file)[0]
    assert "left out" in starwatch("backfill", "--state", state, file).err
    assert "all agree" in said("verify", state)


def test_verify_counts_what_is_there(old, state):
    backfilled(state, old)
    out = said("verify", state)
    assert "backfilled: 30 ratings of 1 file, in no window; their books balance\n" in out
    assert "received 40 ratings" in out
    path = next(state.glob("ratings/*/backfill-*"))
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.slice(1), path)
    with closing(sqlite3.connect(state / "starwatch.db")) as database:  # as if written so
        data = path.read_bytes()
        name = f"{path.parent.name}/{path.name}"
        written = len(data), crc32(data), name
        database.execute("UPDATE backfilled SET bytes = ?, crc = ? WHERE file = ?", written)
        database.commit()
    done = starwatch("verify", "--state", state)
    assert done.code == 1
    assert "the books of old.csv are wrong" in done.out
    assert "error: backfilled: the books of old.csv are wrong" in done.err
    path.unlink()
    done = starwatch("verify", "--state", state)
    assert done.code == 1
    assert done.err.startswith(f"error: {path} is not there")


def test_a_book_that_does_not_balance_is_said(folder, old, state):
    file = ratings_file(folder / "more.csv", *old_rows(3), ("a", "b", "c", "d"))
    backfilled(state, old, file)
    with closing(Journal(state / DATABASE)) as journal:
        journal._database.execute("UPDATE backfills SET received = 31 WHERE id = 1")  # noqa: SLF001
    done = starwatch("ledger", "--state", state)
    assert done.code == 1
    assert "old.csv (backfill): received 31 = 30 counted + 0 duplicate + 0 rejected" in done.out
    assert done.out.count("WARNING: THIS DOES NOT BALANCE: +1 unaccounted for") == 2
    assert "the books of old.csv are wrong" in starwatch("verify", "--state", state).out
    with closing(Journal(state / DATABASE)) as journal:
        journal._database.execute("UPDATE backfills SET received = 30 WHERE id = 1")  # noqa: SLF001
        journal._database.execute("DELETE FROM backfill_rejects")  # noqa: SLF001
    assert f"the books of {file} are wrong" in starwatch("verify", "--state", state).out


def test_state_info_tells_of_it(old, state):
    assert "backfilled" not in said("state info", state)
    backfilled(state, old)
    assert re.search(r"^backfilled +30 ratings of 1 file$", said("state info", state), re.MULTILINE)
    facts = json.loads(said("state info", state, "--json"))
    assert facts["backfilled"] == {"inputs": 1, "files": 4, "ratings": 30}
    assert (facts["ratings"]["received"], facts["sealed"]["ratings"]) == (40, 0)
    assert re.search(
        r"^  ratings/ .* 4 files, 30 ratings$", said("state info", state), re.MULTILINE
    )


def test_a_finished_state_backfilled_begins_anew_without_it(folder, old, state):
    backfilled(state, old)
    assert starwatch("replay", "live.csv", *BY_TIME, "--state", state, "--again").code == 0
    assert "backfill" not in said("ledger", state)
    assert complete(state)[0] == counted(live_rows())
    assert_tidy(folder / "s")
    backfilled(state, old)


def test_a_backup_has_backfilled_ratings(folder, old, state):
    backfilled(state, old)
    assert starwatch("state", "backup", "--state", state, "--to", folder / "b").code == 0
    assert complete(folder / "b") == complete(state)
    assert "all agree" in said("verify", folder / "b")
    assert sealed(folder / "b") == sealed(state)
