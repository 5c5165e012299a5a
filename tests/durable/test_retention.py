"""A run with tiny limits stays within them, its rows stay right, and a kill changes nothing."""

import json
import re
import shutil
import sqlite3
import sys
import time
from contextlib import closing

import pytest

from commands import process, starwatch
from durable.runs import FREQUENT, Scene, killed_at, said, started, undisturbed, untidy_files
from starwatch.journal.store import Journal

LIMIT = 120_000
SMALL = (*FREQUENT, "--keep-size", f"{LIMIT // 1000}kB")
ONE_MORE = 60_000
"""More than the files of one range of the journal: what a run may be beyond the limit meanwhile."""


@pytest.fixture(scope="module")
def long_run(tmp_path_factory):
    """A run of enough ratings for several times the limit, with nothing sealed."""
    folder = tmp_path_factory.mktemp("long")
    return undisturbed(untidy_files(folder, rows=500, seed=9), folder)


@pytest.fixture
def scene(long_run, tmp_path):
    return Scene(long_run.files, tmp_path)


@pytest.fixture(scope="module")
def sealed(long_run, tmp_path_factory):
    """A finished state with many sealed ranges and panes, to be copied."""
    scene = Scene(long_run.files, tmp_path_factory.mktemp("sealed"))
    assert starwatch(*scene.lasting(*FREQUENT)).code == 0
    return scene


@pytest.fixture
def state(sealed, tmp_path):
    """A copy of it."""
    shutil.copytree(sealed.state, tmp_path / "s")
    return tmp_path / "s"


def files(state):
    """The files of ratings and panes with their bytes; one may go while we look."""
    sizes = {}
    for path in [*state.glob("ratings/*/*"), *state.glob("history/*/*")]:
        try:
            sizes[path] = path.stat().st_size
        except FileNotFoundError:
            continue
    return sizes


def half(state):
    """A limit by which half of the ratings go, as an option."""
    ratings = sum(size for path, size in files(state).items() if path.parents[1].name == "ratings")
    return "--keep-size", f"{(sum(files(state).values()) - ratings / 2) / 1000:.3f}kB"


def reader(state):
    return closing(Journal(state / "starwatch.db", reading=True))


def prune(state, *more):
    done = starwatch("state", "prune", "--state", state, *more)
    assert (done.code, done.err) == (0, "")
    return done.out


def age(state, days):
    """Make all files that old, by the clock that counts."""
    with closing(sqlite3.connect(state / "starwatch.db")) as database:
        for table in ("sealed", "history"):
            database.execute(f"UPDATE {table} SET made_ms = made_ms - ?", (days * 86_400_000,))  # noqa: S608
        database.commit()


def assert_whole(state):
    """What is left is what the database names, and the ratings of it have no gap."""
    with reader(state) as journal:
        named = {state / "ratings" / name for name in journal.sealed()}
        named |= {state / "history" / file.name for file in journal.pane_files()}
        assert set(files(state)) == named
        ranges = sorted(lot.ratings for lot in journal.lots() if lot.ratings)
        ends = [first + count for first, count in ranges]
        begins = [first for first, _ in ranges]
        begins.append(next(journal.entries())[1] and journal.to_seal(1 << 40)[0])
        assert begins[0] == journal.first_kept()
        assert ends == begins[1:]
        assert all(mark.after >= journal.first_kept() for mark in journal.sealed_marks())


def assert_same_rows(scene, other):
    for mine, theirs in zip(scene.texts, other.texts, strict=True):
        assert mine.read_bytes() == theirs.read_bytes()
    assert scene.rows() == other.rows()
    assert said("ledger", scene.state) == said("ledger", other.state)


def test_a_run_stays_within_its_limit_and_its_rows_are_right(scene, long_run):
    most, seen = 0, set()
    with started(scene, *SMALL) as child:
        while child.poll() is None:
            found = files(scene.state)
            most, seen = max(most, sum(found.values())), seen | set(found)
            assert len(list(scene.state.glob("snapshots/*.arrow"))) <= 4
            time.sleep(0.02)
        out, err = child.communicate()
    assert (child.returncode, out, err) == (0, "", "")
    assert LIMIT - ONE_MORE < most <= LIMIT + ONE_MORE
    left = files(scene.state)
    assert LIMIT - ONE_MORE < sum(left.values()) <= LIMIT
    assert len(seen - set(left)) > 20
    assert_whole(scene.state)
    assert_same_rows(scene, long_run)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")
def test_a_run_is_killed_wherever_it_lets_go(scene, long_run):
    for name in ("prune.found", "prune.named", "prune.removed", "prune.named:2", "prune.found:2"):
        assert killed_at(scene, name, *SMALL), name
    assert not killed_at(scene, "", *SMALL)
    assert sum(files(scene.state).values()) <= LIMIT
    assert_whole(scene.state)
    assert_same_rows(scene, long_run)


def test_nothing_goes_because_its_ratings_are_old(sealed):
    """They are of 2020."""
    with reader(sealed.state) as journal:
        assert journal.first_kept() == 0
        assert len({lot.ratings for lot in journal.lots() if lot.ratings}) > 3
    assert "0 ratings in 0 files" in prune(sealed.state)


def test_after_a_week_ratings_and_short_panes_go_and_long_ones_stay(sealed, state, monkeypatch):
    monkeypatch.chdir(sealed.folder)
    before = files(state)
    age(state, 6)
    prune(state)
    assert files(state) == before
    age(state, 1)
    done = starwatch(*Scene(sealed.files, sealed.folder).command("--state", state))
    assert done.code == 0, done.err
    left = files(state)
    assert {path.parent.name for path in left} == {"tier=1h", "tier=1d"}
    assert set(left) == {p for p in before if p.parent.name in ("tier=1h", "tier=1d")}
    assert_whole(state)


def test_a_state_remembers_what_it_is_to_keep_and_a_refused_run_lets_nothing_go(sealed, state):
    command = Scene(sealed.files, sealed.folder).command("--state", state)
    assert starwatch(*command, "--keep", "30d").code == 0
    age(state, 8)
    before = files(state)
    assert starwatch(*command).code == 0
    prune(state)
    assert files(state) == before
    done = starwatch(*command, "--keep-size", "1kB", "--bound", "7m")
    assert (done.code, "bound_ms" in done.err) == (1, True)
    assert files(state) == before
    assert starwatch(*command, "--keep-size", "1kB").code == 0
    assert sum(files(state).values()) < 1000


def test_what_would_go_is_what_goes(state):
    before, limit = files(state), half(state)
    would = prune(state, "--dry-run", *limit)
    assert files(state) == before
    does = prune(state, *limit)
    assert would.replace("would go", "gone") == "".join(does.splitlines(keepends=True)[:3])
    gone = set(before) - set(files(state))
    ratings = sum(path.parents[1].name == "ratings" for path in gone)
    assert 0 < ratings < sum(path.parents[1].name == "ratings" for path in before)
    assert f" in {ratings} files gone\n" in does
    assert len(gone) == ratings
    assert_whole(state)


def test_a_database_gives_its_room_back(state):
    path = state / "starwatch.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(3000000));"
            " DROP TABLE filler"
        )
    before = path.stat().st_size
    assert before > 3_000_000
    told = prune(state)
    assert path.stat().st_size < before - 2_900_000
    assert "database 3." in told
    assert told.endswith(" now\n")
    assert_whole(state)


def test_what_needs_all_ratings_says_from_which_on_there_are_some(state):
    late = starwatch("late", "--state", state)
    prune(state, *half(state))
    with reader(state) as journal:
        first = journal.first_kept()
    done = starwatch("verify", "--state", state)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(
        f"error: this needs all ratings, and the state keeps them only from number {first} on,"
        " sealed since 20"
    )
    assert len(done.err.splitlines()) == 1
    done = starwatch("late", "--state", state)
    assert done.err == f"note: late ones of the first {first} ratings are not kept\n"
    assert 0 < len(done.rows) < len(late.rows)
    assert late.rows[-len(done.rows) :] == done.rows
    shown = starwatch("state", "info", "--state", state).out
    assert re.search(rf"^let go +the first {first} ratings, 0 rejects$", shown, re.MULTILINE)
    prune(state, "--keep", "0s")
    done = starwatch("verify", "--state", state)
    assert " on. `starwatch verify --from" in done.err


def test_a_reader_in_the_middle_loses_nothing(state):
    before = files(state)
    with reader(state) as journal, journal.at_one_moment():
        names = journal.sealed()
        assert "their files are still being read" in prune(state, "--keep", "0s")
        assert files(state) == before
        assert journal.sealed() == names
        assert starwatch("late", "--state", state).code == 0
        assert files(state) == before
    prune(state)
    assert {path.parent.name for path in files(state)} == {"tier=1h", "tier=1d"}
    assert_whole(state)


def test_a_file_that_was_lost_is_one_line(state):
    lost = next(state.glob("ratings/*/*"))
    lost.unlink()
    says = {"verify": f"{lost} is not there", "late": "sealed ratings cannot be read ("}
    for command, what in says.items():
        done = starwatch(command, "--state", state)
        assert done.code == 1
        assert done.err.startswith(f"error: {what}")
        assert len(done.err.splitlines()) == 1


def test_a_state_in_use_is_only_looked_at(scene):
    options = ("replay", *scene.files, "--every", "1s", "--quiet", "--state", scene.state)
    with process(*options) as child:
        deadline = time.monotonic() + 20
        while starwatch("state", "info", "--state", scene.state).code:
            assert time.monotonic() < deadline
        done = starwatch("state", "prune", "--state", scene.state)
        assert done.code == 1
        assert f"is in use by process {child.pid}. Stop that process first" in done.err
        assert "would go" in prune(scene.state, "--dry-run")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--keep", "0"), "the duration '0' cannot be read. A duration reads like "),
        (("--keep-size", "10"), "the size '10' cannot be read. A size reads like 500MB, 10GB"),
        (("--keep-size", "-1GB"), "the size '-1GB' cannot be read"),
    ],
)
def test_a_limit_that_cannot_be(options, told, tmp_path):
    done = starwatch("state", "prune", "--state", tmp_path, *options)
    assert (done.code, done.err.startswith(f"error: {told}")) == (2, True)
    done = starwatch("replay", tmp_path, *options)
    assert (done.code, done.err.startswith(f"error: {told}")) == (2, True)


def test_limits_need_a_state(scene):
    done = starwatch("replay", *scene.files, "--keep", "1d")
    assert (done.code, "--keep and --keep-size are of a state" in done.err) == (2, True)


def test_no_state_is_made_where_there_is_none(tmp_path):
    done = starwatch("state", "prune", "--state", tmp_path)
    assert (done.code, done.err.startswith("error: there is no state in ")) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_the_newest_rejects_stay_and_the_books_hold_all(tmp_path):
    """A flood: what cannot be listed any more is counted, and verified, all the same."""
    lines = ["user,product,rating,timestamp", *("u,p,9,1600000000" for _ in range(100_600))]
    (tmp_path / "f.csv").write_text("\n".join([*lines, "u,p,5,1600000000", "u,p,5,no time"]))
    state = tmp_path / "s"
    options = ("--rate", "1000", "--time", "event", "--as-fast-as-possible", "--quiet")
    done = starwatch("replay", tmp_path / "f.csv", *options, "--state", state)
    assert done.code == 0, done.err
    done = starwatch("rejects", "--state", state)
    assert done.err == "note: 601 older ones are not kept; the ledger counts all\n"
    assert len(done.rows) == 100_000
    assert (done.rows[0]["row"], done.rows[-1]["reason"]) == (601, "bad_time")
    assert starwatch("rejects", "--state", state, "--reason", "bad_time").err == ""
    info = starwatch("state", "info", "--state", state, "--json")
    assert json.loads(info.out)["let_go"] == {"ratings": 0, "rejects": 601}
    assert "100,601 rejected" in starwatch("ledger", "--state", state).out
    assert starwatch("verify", "--state", state).code == 0
