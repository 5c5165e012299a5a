"""A reviewer who is erased is in no file of a state, and nothing else of it changes."""

import json
import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from urllib.parse import urlencode

import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from backfill.scenes import assert_tidy, backfilled, ratings_file, said, sealed
from commands import run, starwatch
from durable.runs import FREQUENT, Scene, killed_at, undisturbed
from starwatch.journal.erasing import spellings
from starwatch.journal.lock import DirectoryLock
from starwatch.journal.store import Journal
from starwatch.service.privacy import KEY_FILE, remember_reviewers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")

ANN, BEN, BOB = "Änn the reader", "ben-the-other", "bob-who-stays"
BEGIN, OLD = 1_600_000_000, 1_000_000_000
OPTIONS = (
    *("--speed", "3600x", "--order", "file", "--window", "10m/5m"),
    *("--lateness", "5m", "--duplicates", "content"),
)
FAILPOINTS = ("erase.written", "erase.before", "erase.inside", "erase.after", "erase.removed")
COMMITS = 12


def rows():
    """Ten lines, and the same again, and so on: each second commit is all duplicates.

    Two lines of the first ten are no ratings.
    """
    for block in range(10):
        ten = [
            ((ANN, BEN, BOB)[n % 3], f"p{n % 4}", n % 5 + 1, BEGIN + 200 * (10 * block + n))
            for n in range(10)
        ]
        if block == 0:
            ten[4:6] = [(ANN, "p", 9, BEGIN), (BOB, "p", 9, BEGIN)]
        yield from [*ten, *ten]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The same replay without anything in its way."""
    folder = tmp_path_factory.mktemp("whole")
    return undisturbed([ratings_file(folder / "live.csv", *rows())], folder, options=OPTIONS)


@pytest.fixture(scope="module")
def stopped(whole, tmp_path_factory):
    """A replay that was killed behind a commit of duplicates, with old ratings and rejects."""
    scene = Scene(whole.files, tmp_path_factory.mktemp("stopped"), options=OPTIONS)
    assert killed_at(scene, f"commit.after:{COMMITS}", *FREQUENT)
    old = [(ANN, "p", 5, OLD), (BOB, "p", 4, OLD + 9), (ANN, "q", 5, OLD + 90_000_000)]
    bad = [(ANN, "p", 9, OLD), (BOB, "p", 9, OLD)]
    backfilled(scene.state, ratings_file(scene.folder / "old.csv", *old, old[0], *bad))
    return scene


@pytest.fixture
def scene(stopped, tmp_path):
    shutil.copytree(stopped.folder, tmp_path, dirs_exist_ok=True)
    return Scene(stopped.files, tmp_path, options=OPTIONS)


def erase(state, *reviewers):
    done = starwatch(*erasing(state, *reviewers))
    assert (done.code, done.err) == (0, "")
    return done.out


def erasing(state, *reviewers):
    named = [word for reviewer in reviewers for word in ("--reviewer", reviewer)]
    return ["state", "erase", "--state", state, *named]


def journalled(state):
    """All ratings that the state holds of the run, sealed or not."""
    with closing(Journal(state / "starwatch.db", reading=True)) as journal:
        tables = [pq.ParquetFile(state / "ratings" / name).read() for name in journal.sealed()]
        entries = [entry.ratings for _, entry in journal.entries()]
    found = [row for table in tables for row in table.to_pylist()]
    found.sort(key=lambda row: row.pop("seq"))
    return found + [row for entry in entries for row in entry.to_pylist()]


def held_of(state, *reviewers):
    """How many ratings the state holds of reviewers, backfilled ones too."""
    return sum(row["reviewer"] in reviewers for row in [*journalled(state), *sealed(state)])


def texts(state):
    """The bytes of every file, and what is packed in them."""
    for path in state.rglob("*"):
        if not path.is_file():
            continue
        yield path, path.read_bytes()
        if path.suffix == ".parquet":
            yield path, repr(pq.ParquetFile(path).read().to_pylist()).encode()
        if path.suffix == ".arrow":
            yield path, repr(pyarrow.ipc.open_file(path).read_all().to_pylist()).encode()
    yield "journal", repr(journalled(state)).encode()


def assert_gone(state, *reviewers):
    for reviewer in reviewers:
        for spelling in (reviewer, json.dumps(reviewer)[1:-1]):
            for where, text in texts(state):
                assert spelling.encode() not in text, where


def holders(state, reviewer):
    return {getattr(at, "suffix", at) for at, text in texts(state) if reviewer.encode() in text}


def as_before(mine, before, tokens):
    """Ratings as they were, with tokens for reviewers."""
    return mine == [
        row | {"reviewer": tokens.get(row["reviewer"], row["reviewer"])} for row in before
    ]


def assert_erased(scene, before):
    """Ann and Ben are gone, and everything else is there."""
    assert_gone(scene.state, ANN, BEN)
    now = journalled(scene.state)
    tokens = {one["reviewer"]: other["reviewer"] for one, other in zip(before, now, strict=True)}
    assert as_before(now, before, tokens)
    assert tokens[BOB] == BOB
    assert tokens[ANN] != tokens[BEN]
    assert all(len(tokens[each]) == len("erased-") + 32 for each in (ANN, BEN))
    assert sorted(row["reviewer"] for row in sealed(scene.state)) == sorted(
        [BOB, *[tokens[ANN]] * 3]
    )
    raws = [json.loads(line)["raw"] for line in said("rejects", scene.state).splitlines()]
    kept = [f"{BOB},p,9,{BEGIN}"] * 2 + [f"{BOB},p,9,{OLD}"]
    assert sorted(raws) == sorted(["", "", "", *kept])
    assert_tidy(scene.state)
    verified = starwatch("verify", "--state", scene.state)
    assert verified.code == 0, verified.out + verified.err


def test_an_erased_reviewer_is_in_no_file_and_the_run_goes_on(scene, whole):
    state = scene.state
    before, ledger = journalled(state), said("ledger", state)
    assert holders(state, ANN) >= {".db", ".parquet", "journal"}
    with closing(Journal(state / "starwatch.db", reading=True)) as journal:
        assert journal.snapshots()[0][1] == COMMITS - 1  # duplicates lie behind it
    held = held_of(state, ANN, BEN)
    assert held > 80
    assert erase(state, ANN, BEN) == f"{held} ratings changed\n3 rejects emptied\n"
    assert said("ledger", state) == ledger
    assert_erased(scene, before)
    assert not killed_at(scene, "", *FREQUENT)
    for mine, theirs in zip(scene.texts, whole.texts, strict=True):
        assert mine.read_bytes() == theirs.read_bytes()
    verified = starwatch("verify", "--state", state)
    assert verified.code == 0, verified.out + verified.err


@pytest.mark.parametrize("failpoint", [*FAILPOINTS, "erase.written:3"])
def test_killed_anywhere_it_is_all_or_nothing_and_can_be_done_again(failpoint, scene):
    state = scene.state
    before, ledger = journalled(state), said("ledger", state)
    by_ann_and_ben = held_of(state, ANN, BEN)
    killed = run(*erasing(state, ANN, BEN), env=os.environ | {"STARWATCH_FAILPOINT": failpoint})
    assert killed.code == -signal.SIGKILL, killed
    named = failpoint in {"erase.after", "erase.removed"}
    assert (journalled(state) == before) != named
    assert said("ledger", state) == ledger
    assert starwatch("verify", "--state", state).code == 0
    again = 0 if named else by_ann_and_ben
    assert erase(state, ANN, BEN).startswith(f"{again} ratings changed\n")
    assert said("ledger", state) == ledger
    assert_erased(scene, before)


def test_who_is_not_there_changes_nothing(scene):
    ledger, before = said("ledger", scene.state), journalled(scene.state)
    assert erase(scene.state, "nobody") == "0 ratings changed\n0 rejects emptied\n"
    assert (said("ledger", scene.state), journalled(scene.state)) == (ledger, before)


def test_what_the_database_has_deleted_is_overwritten_too(scene):
    path = scene.state / "starwatch.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("CREATE TABLE filler (x)")
        database.execute("INSERT INTO filler VALUES (?)", (f"{BEN} " * 2000,))
        database.execute("DROP TABLE filler")
    assert f"{BEN} {BEN} ".encode() in path.read_bytes()
    erase(scene.state, "nobody")  # gives the room back, and with it what was in it
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA freelist_count").fetchone() == (0,)
    assert f"{BEN} {BEN} ".encode() not in path.read_bytes()


def test_who_is_erased_twice_gets_no_second_token(scene):
    erase(scene.state, ANN)
    before = journalled(scene.state)
    assert erase(scene.state, ANN).startswith("0 ratings")
    assert journalled(scene.state) == before


def test_a_hashed_reviewer_is_named_by_the_id_as_it_came(scene):
    state = scene.state
    with closing(Journal(state / "starwatch.db")) as journal:
        remember_reviewers(journal, "hash")
    hashed = ratings_file(scene.folder / "more.csv", ("cleo", "p", 1, OLD), ("dora", "p", 1, OLD))
    before = {row["reviewer"] for row in sealed(state)}
    backfilled(state, hashed)
    assert (state / KEY_FILE).exists()
    hashes = {row["reviewer"] for row in sealed(state)} - before
    assert erase(state, "cleo").startswith("1 rating changed")
    now = {row["reviewer"] for row in sealed(state)} - before
    assert len(hashes & now) == 1
    (gone,) = hashes - now
    assert_gone(state, gone)
    assert_tidy(state)


def test_a_state_in_use_is_refused_and_one_that_is_read_is_said(scene):
    with DirectoryLock(scene.state):
        done = starwatch(*erasing(scene.state, ANN))
    assert done.code == 1
    assert f"is in use by process {os.getpid()}" in done.err
    with (
        closing(Journal(scene.state / "starwatch.db", reading=True)) as reader,
        reader.at_one_moment(),
    ):
        reader.fact("job")
        done = starwatch(*erasing(scene.state, ANN))
    assert done.code == 1
    assert "still reads the state" in done.err
    assert erase(scene.state, ANN).startswith("0 ratings")
    assert_gone(scene.state, ANN)


@pytest.mark.parametrize(
    ("state", "reviewer", "said"), [("s", "", "is empty"), ("s", "a", "no state")]
)
def test_bad_arguments_are_one_line_and_nothing_is_made(state, reviewer, said, tmp_path):
    done = starwatch(*erasing(tmp_path / state, reviewer))
    assert done.code == 2
    assert said in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_broken_file_is_said_and_nothing_is_changed(scene):
    with closing(Journal(scene.state / "starwatch.db", reading=True)) as journal:
        name = journal.sealed()[-1]
    ledger = said("ledger", scene.state)
    (scene.state / "ratings" / name).write_bytes(b"nothing")
    done = starwatch(*erasing(scene.state, ANN))
    assert (done.code, "sealed ratings cannot be read" in done.err) == (1, True)
    assert said("ledger", scene.state) == ledger
    with closing(Journal(scene.state / "starwatch.db", reading=True)) as journal:
        entries = repr([entry.ratings.to_pylist() for _, entry in journal.entries()])
    assert ANN in entries
    assert "erased-" not in entries


def test_a_reject_is_emptied_however_it_spells_the_id():
    found = spellings(['Änn "the" reader/1'])
    for text in (
        'Änn "the" reader/1,p,9',
        json.dumps({"user": 'Änn "the" reader/1'}),
        json.dumps({"user": 'Änn "the" reader/1'}, ensure_ascii=False),
        '"Änn ""the"" reader/1",p,9',
        urlencode({"user": 'Änn "the" reader/1', "rating": "9"}),
    ):
        assert any(each in text.encode() for each in found), text
    assert not any(each in b"Bob,p,9" for each in found)
