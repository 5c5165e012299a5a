"""A state that cannot be used says why in one line, and is left as it was."""

import json
import os
import re
import shutil
import signal
import sqlite3
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from commands import T0, csv_file, process, run, soon, starwatch
from durable.runs import FREQUENT, killed_at, said
from starwatch.journal import schema
from starwatch.journal.store import Journal
from starwatch.service.state import DATABASE, SNAPSHOTS, State

FAST = ("--rate", "100", "--as-fast-as-possible", "--start", T0, "--quiet", "--window", "1s")


@pytest.fixture(scope="session")
def died(tmp_path_factory):
    """A folder with a file, and a state whose run died after a while; what is named is relative."""
    return dead_run(tmp_path_factory.mktemp("died"))


@pytest.fixture(scope="session")
def died_unsealed(tmp_path_factory):
    """The same, with its whole journal still there."""
    return dead_run(tmp_path_factory.mktemp("unsealed"), "--seal-ratings", "100000")


def dead_run(folder, *more):
    csv_file(folder / "f.csv", *(f"u,p{row % 3},5,1600000000" for row in range(400)))
    options = (*FAST, "--state", "state", "--output", "csv:w.csv", *FREQUENT, *more)
    env = os.environ | {"STARWATCH_FAILPOINT": "commit.after:20"}
    assert run("replay", "f.csv", *options, cwd=folder, env=env).code == -signal.SIGKILL
    return folder


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return csv_file(Path("f.csv"), *(f"u,p{row % 3},5,1600000000" for row in range(400)))


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Path("state")


@pytest.fixture
def made(died, state):
    """A state with commits and snapshots whose run is not finished."""
    return copied(died, state)


def copied(folder, state):
    shutil.copytree(folder, ".", dirs_exist_ok=True)
    State(state).__exit__()  # as any start does: sweep, and bring the database into one file
    return state


def play(file, state, *more, code=0):
    """Replay with a state; what it said on stderr."""
    done = starwatch("replay", file, *FAST, "--state", state, *more)
    assert (done.code, done.out) == (code, ""), done.err
    return done.err


def contents(folder):
    """Every file of a folder with its bytes, but for the lock and what SQLite keeps."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal", ".pid"))
    }


def refused(error, file, state, *more):
    """The one line with which a replay refuses a state that it leaves as it was."""
    before = contents(state)
    line = play(file, state, *more, code=1)
    assert contents(state) == before
    assert line.startswith("error: ")
    assert line.count("\n") == 1
    assert re.search(error, line), line
    return line


def test_locked_by_another_process(file, state, tmp_path):
    paced = ("replay", file, "--every", "100ms", "--quiet", "--state", state)
    with process(*paced) as child:
        soon(lambda: (state / "writer.pid").exists() and (state / DATABASE).exists())
        soon(lambda: starwatch("ledger", "--state", state).code == 0)
        done = starwatch(*paced)
        assert done.code == 1
        assert f"is in use by process {child.pid}" in done.err
        again = starwatch(*paced, "--again")
        assert (again.code, again.err) == (1, done.err)
        assert starwatch("ledger", "--state", state).code == 0
        child.kill()
        child.wait(20)
    out = tmp_path / "w.jsonl"
    with process(*paced, "--output", f"jsonl:{out}") as child:  # a dead writer holds nothing
        soon(lambda: (state / "writer.pid").read_text() == str(child.pid))


@pytest.mark.parametrize("rest", [b"", b"\0" * 5000, b"no database at all " * 300])
def test_a_database_with_a_garbage_header(rest, file, made):
    (made / DATABASE).write_bytes(b"garbage!" * 16 + rest)
    for name in ("-wal", "-shm"):
        (made / f"{DATABASE}{name}").unlink(missing_ok=True)
    line = refused("cannot be read .*file is not a database", file, made)
    assert "nothing was overwritten" in line
    for command in ("ledger", "rejects", "late"):
        assert starwatch(command, "--state", made).code == 1


@pytest.mark.parametrize("kept", [0.9, 0.6, 0.3, 0.05])
def test_a_truncated_database(kept, file, made):
    with closing(sqlite3.connect(made / DATABASE)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = (made / DATABASE).stat().st_size
    os.truncate(made / DATABASE, int(size * kept))
    refused("cannot be read|is broken", file, made)


@pytest.mark.parametrize("gone", [True, False])
def test_a_database_that_is_gone_or_empty_beside_its_files(gone, file, made):
    for name in ("-wal", "-shm"):
        (made / f"{DATABASE}{name}").unlink(missing_ok=True)
    (made / DATABASE).unlink()
    if not gone:
        (made / DATABASE).touch()
    line = refused("is gone or empty, but not the files beside it", file, made)
    assert "nothing was overwritten" in line
    play(file, made, "--again")
    assert "received 400 ratings" in said("ledger", made)


def test_a_broken_page_is_one_line_for_all_that_read(made):
    with closing(sqlite3.connect(made / DATABASE)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT rootpage FROM sqlite_schema WHERE name = 'facts'"
        (page,) = database.execute(query).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    with (made / DATABASE).open("rb+") as broken:
        broken.seek((page - 1) * size)
        broken.write(b"\0" * size)
    for command in (("verify",), ("export", "--out", "-"), ("state", "info")):
        done = starwatch(*command, "--state", made)
        assert done.code == 1
        assert re.fullmatch(r"error: the database .* cannot be read .*\n", done.err), done.err


def test_a_database_of_something_else(file, state):
    state.mkdir()
    with closing(sqlite3.connect(state / DATABASE)) as database:
        database.execute("CREATE TABLE theirs (x)")
    refused("is no database of Starwatch", file, state)


def test_a_newer_version(file, made):
    with closing(sqlite3.connect(made / DATABASE)) as database:
        database.execute("PRAGMA user_version = 99")
    line = refused(r"newer Starwatch \(version 99, this one knows \d+\)", file, made)
    assert "Upgrade" in line
    done = starwatch("ledger", "--state", made)
    assert done.code == 1
    assert "newer Starwatch" in done.err


def test_an_older_version_is_migrated_after_a_copy(file, made, monkeypatch):
    older = schema.VERSION
    said_before = said("ledger", made)
    steps = {older: "CREATE TABLE added (x);", older + 1: "INSERT INTO added VALUES (7);"}
    monkeypatch.setattr(schema, "VERSION", older + 2)
    monkeypatch.setattr(schema, "_MIGRATIONS", {**schema._MIGRATIONS, **steps})  # noqa: SLF001
    Journal(made / DATABASE).close()
    with closing(sqlite3.connect(made / DATABASE)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (older + 2,)
        assert database.execute("SELECT x FROM added").fetchall() == [(7,)]
    assert said("ledger", made) == said_before
    copy = made / f"starwatch.v{older}.db"
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (older,)
        rows = "SELECT id, length(body) FROM journal"
        with closing(sqlite3.connect(made / DATABASE)) as now:
            assert database.execute(rows).fetchall() == now.execute(rows).fetchall()
    play(file, made)  # and the state goes on


def test_a_migration_that_fails_changes_nothing(made, monkeypatch):
    older = schema.VERSION
    monkeypatch.setattr(schema, "VERSION", older + 1)
    broken = {older: "CREATE TABLE added (x); INSERT INTO nowhere VALUES (1);"}
    monkeypatch.setattr(schema, "_MIGRATIONS", {**schema._MIGRATIONS, **broken})  # noqa: SLF001
    with pytest.raises(schema.BadState, match="nowhere"):
        Journal(made / DATABASE)
    with closing(sqlite3.connect(made / DATABASE)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (older,)
        assert not database.execute("SELECT * FROM sqlite_schema WHERE name = 'added'").fetchall()


def test_made_with_other_options(file, made):
    refused(r"another job: windows 1s/1s, not 1s/1s, 10s/10s", file, made, "--window", "10s")
    refused("another job: lateness_ms 0, not 1000", file, made, "--lateness", "1s")
    refused("another job: duplicates off, not ids", file, made, "--duplicates", "ids")
    refused(r"another pace: limit None, not 7", file, made, "--limit", "7")
    refused("another start_ms", file, made, "--start", "2021-06-02T00:00:00Z")
    other = csv_file(Path("other.csv"), "u,p,5,1600000000")
    refused(r"another files: path f\.csv, not other\.csv", other, made)
    done = starwatch("replay", file, "--every", "1s", *FAST[3:], "--state", made)
    assert done.code == 1
    assert "another pace: interval_ms 10, not 1000" in done.err
    with file.open("a") as more:
        more.write("u,p,5,1600000000\n")
    refused(r"another files: size \d+, not \d+", file, made)


def test_both_files_of_two_are_told_apart(file, made):
    line = play(file, made, "f.csv", code=1)
    assert "another files: f.csv, not f.csv, f.csv" in line


def test_a_finished_replay_says_so_and_catches_outputs_up(file, state, tmp_path):
    out = tmp_path / "w.jsonl"
    play(file, state, "--output", f"jsonl:{out}")
    whole = out.read_bytes()
    with out.open("ab") as torn:
        torn.write(b'{"half a li')
    line = play(file, state, "--output", f"jsonl:{out}")
    assert line == f"the replay in {state} is finished; --again plays it anew\n"
    assert out.read_bytes() == whole


def test_a_replay_that_died_at_its_very_end_is_finished(reference, scene):
    assert killed_at(scene, "sink.part_written", *FREQUENT)
    done = starwatch(*scene.lasting())
    assert (done.code, done.out) == (0, "")
    assert "is finished; --again plays it anew" in done.err
    scene.assert_like(reference)


def test_again_begins_anew(file, state, tmp_path):
    out = tmp_path / "w.jsonl"
    play(file, state, "--output", f"jsonl:{out}", *FREQUENT)
    whole, ledger = out.read_bytes(), said("ledger", state)
    play(file, state, "--output", f"jsonl:{out}", "--again")
    assert (out.read_bytes(), said("ledger", state)) == (whole, ledger)
    play(file, state, "--again", "--window", "10s")
    assert "10s/10s" in said("ledger", state)
    assert list((state / SNAPSHOTS).iterdir()) == []


def test_again_without_a_state(file):
    done = starwatch("replay", file, "--again")
    assert done.code == 2
    assert "--again needs a state" in done.err


def test_an_input_is_never_emptied_by_an_output(file, state):
    before = file.read_bytes()
    done = starwatch("replay", file, *FAST, "--state", state, "--output", f"csv:{file}")
    assert done.code == 2
    assert "would destroy it" in done.err
    assert file.read_bytes() == before
    database = state / DATABASE
    done = starwatch("replay", file, *FAST, "--state", state, "--output", f"csv:{database}")
    assert done.code == 2
    assert database.read_bytes()[:6] == b"SQLite"


def test_an_output_that_was_not_there_from_the_start(file, state, tmp_path):
    given = ("--output", f"csv:{tmp_path / 'w.csv'}")
    new = tmp_path / "new.jsonl"
    play(file, state, *given, *FREQUENT)
    line = play(file, state, *given, "--output", f"jsonl:{new}", code=1)
    assert "holds 0 window rows, and the state keeps only those from" in line
    play(file, state, *given)


def snapshots(state):
    """Paths of the named snapshots, the newest first."""
    with closing(Journal(state / DATABASE, reading=True)) as journal:
        return [state / SNAPSHOTS / name for name, _ in journal.snapshots()]


@pytest.mark.parametrize("damage", ["gone", "cut", "bit", "empty"])
@pytest.mark.parametrize("both", [False, True])
def test_a_broken_snapshot(damage, both, died_unsealed, file, state):
    copied(died_unsealed, state)
    assert len(snapshots(state)) == 2
    for path in snapshots(state)[: 2 if both else 1]:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 4
        path.write_bytes({"cut": data[:-9], "bit": data, "empty": b"", "gone": b""}[damage])
        if damage == "gone":
            path.unlink()
    play(file, state, "--output", "csv:w.csv")
    assert said("ledger", state).startswith("received 400 ratings\n  = 400 counted")
    assert starwatch("replay", file, *FAST, "--output", "csv:bare.csv").code == 0
    assert Path("w.csv").read_bytes() == Path("bare.csv").read_bytes()


def test_a_broken_snapshot_behind_sealed_ratings(file, made):
    newest, older = snapshots(made)
    newest.unlink()
    shutil.copytree(made, made.with_name("copy"))
    play(file, made)
    assert said("ledger", made).startswith("received 400 ratings\n  = 400 counted")
    made = made.with_name("copy")
    (made / SNAPSHOTS / older.name).write_bytes(b"broken")
    line = refused("no snapshot can be read, and the journal begins with entry", file, made)
    assert "Restore a backup" in line


@contextmanager
def somebody():
    """Another user than root, who may read and write all; of the same process."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
@pytest.mark.parametrize("what", ["folder", "parent", DATABASE, "writer.pid"])
def test_a_state_that_may_not_be_written(what, file, made, tmp_path):
    starwatch("replay", file, *FAST)  # imports everything, from where somebody may not read
    for folder in [tmp_path, *tmp_path.parents[:2]]:
        folder.chmod(0o755)  # so that anybody comes to it
    if what == "parent":
        shutil.rmtree(made)
    for each in (tmp_path, *tmp_path.rglob("*")):
        if not os.geteuid():
            os.chown(each, 65534, 65534)
    path = {"folder": made, "parent": tmp_path}.get(what, made / what)
    path.chmod(0o555 if path.is_dir() else 0o444)
    before = contents(made)
    with somebody():
        done = starwatch("replay", file, *FAST, "--state", made)
    path.chmod(0o755)
    assert done.code == 1
    assert re.fullmatch("error: .*cannot be (made|opened|written).*\n", done.err), done.err
    assert contents(made) == before


def test_reading_needs_no_lock_and_leaves_none(made):
    before = contents(made)
    for command in ("ledger", "rejects", "late"):
        assert starwatch(command, "--state", made).code == 0
    assert contents(made) == before
    assert json.loads((made / "writer.pid").read_text())


def test_the_state_can_be_copied_while_it_is_written(made, tmp_path):
    """SQLite's own backup of a state that is in use is a state."""
    with (
        closing(sqlite3.connect(made / DATABASE)) as source,
        closing(sqlite3.connect(tmp_path / DATABASE)) as target,
    ):
        source.backup(target)
    with closing(Journal(tmp_path / DATABASE, reading=True)) as journal:
        assert journal.fact("books")["received"]
