"""Copies of a state: whole, made while a run writes, and as good as the state itself."""

import errno
import os
import shutil
import signal
import sqlite3
import sys
import tarfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from commands import run, soon, starwatch
from durable.conftest import ROWS_BY_ROW
from durable.runs import FREQUENT, Scene, killed_at, started
from durable.small_disk import small_disk
from starwatch.journal.places import DATABASE
from starwatch.service import backup
from starwatch.service.privacy import KEY_FILE, prepared

UNIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")
LINUX_ROOT = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount a small disk"
)


@pytest.fixture(scope="session")
def dead(reference, tmp_path_factory):
    """A scene whose run died after it had sealed ratings; not to be changed."""
    scene = Scene(reference.files, tmp_path_factory.mktemp("dead"))
    assert killed_at(scene, "commit.after:30", *FREQUENT)
    return scene


@pytest.fixture
def state(dead, tmp_path):
    """A copy of its state, which may be changed."""
    return shutil.copytree(dead.state, tmp_path / "state")


def back_up(state, target):
    done = starwatch("state", "backup", "--state", state, "--to", target)
    assert (done.code, done.err) == (0, "")
    return done.out


def refused(state, target, code):
    """The one line with which a backup is refused; nothing is left of it."""
    around = sorted(Path(target).parent.iterdir()) if Path(target).parent.is_dir() else []
    done = starwatch("state", "backup", "--state", state, "--to", target)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert around == (sorted(Path(target).parent.iterdir()) if around else [])
    return done.err


def verifies(state):
    done = starwatch("verify", "--state", state)
    assert (done.code, done.err) == (0, "")
    return done.out


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder): p.read_bytes() for p in files if not p.name.endswith("-shm")}


def ledger(state):
    done = starwatch("ledger", "--state", state)
    assert done.code == 0
    return done.out


def named(state):
    """The files that a database names, below its folder."""
    with closing(sqlite3.connect(state / DATABASE)) as database:
        tables = {"snapshots": "snapshots", "sealed": "ratings", "history": "history"}
        return {
            Path(folder, file)
            for table, folder in tables.items()
            for (file,) in database.execute(f"SELECT file FROM {table}")  # noqa: S608
        }


def test_it_holds_what_the_database_names_and_nothing_else(state, tmp_path):
    (state / "snapshots" / "000000000099-00000000.arrow").write_bytes(b"nobody names this")
    text = back_up(state, tmp_path / "b")
    copied = contents(tmp_path / "b")
    assert set(copied) == {Path(DATABASE), *named(state)}
    assert {path.parts[0] for path in copied} == {DATABASE, "snapshots", "ratings", "history"}
    for path in named(state):
        assert copied[path] == (state / path).read_bytes()
    assert f"b: the state as commit 30 left it, the database and {len(copied) - 1} files, " in text
    assert ledger(tmp_path / "b") == ledger(state)
    assert verifies(tmp_path / "b") == verifies(state)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@UNIX
def test_copies_of_a_running_state_are_whole_and_runs_go_on_from_them(by_row, tmp_path):
    scene = Scene(by_row.files, tmp_path / "scene", ROWS_BY_ROW, fast=False)
    scene.folder.mkdir()
    copies, before = [], {}
    with started(scene, *FREQUENT) as child:
        soon(lambda: (scene.state / "ratings").is_dir() and named(scene.state))
        for number in range(3):
            copy = tmp_path / f"copy{number}"
            back_up(scene.state, copy)
            copies.append(copy)
            before[copy] = contents(copy)
            assert "all agree" in verifies(copy)
            soon(lambda copy=copy: ledger(scene.state) != ledger(copy))
        assert child.poll() is None, "the run ended before it was copied three times"
        child.kill()
        child.wait(20)
    assert len({ledger(copy) for copy in copies}) == 3
    # On from a copy, with outputs that have got further meanwhile: they are cut back.
    shutil.rmtree(scene.state)
    shutil.copytree(copies[1], scene.state, copy_function=link_or_copy)
    assert not killed_at(Scene(scene.files, scene.folder, ROWS_BY_ROW), "", *FREQUENT)
    scene.assert_like(by_row)
    for copy in copies:  # though the files are shared
        assert contents(copy) == before[copy]


def link_or_copy(source, target):
    """The database is changed by a run; other files are not, so they may be shared."""
    (shutil.copy2 if str(source).endswith(DATABASE) else os.link)(source, target)


@contextmanager
def after_the_database(monkeypatch, act):
    """Do something in the moment between the copy of the database and that of the files."""
    copy, calls = backup.copy_database, []

    def acting(source, target):
        found = copy(source, target)
        calls.append(found)
        act(len(calls))
        return found

    with monkeypatch.context() as patched:
        patched.setattr(backup, "copy_database", acting)
        yield calls


def test_a_file_that_a_run_removes_meanwhile_is_let_go(state, tmp_path, monkeypatch):
    victim = min(path for path in named(state) if path.parts[0] == "snapshots")

    def remove(call):
        if call == 1:  # as a run does: first forgotten, then removed
            with closing(sqlite3.connect(state / DATABASE)) as database:
                database.execute("DELETE FROM snapshots WHERE file = ?", (victim.name,))
                database.commit()
            (state / victim).unlink()

    with after_the_database(monkeypatch, remove) as calls:
        back_up(state, tmp_path / "b")
    assert len(calls) == 2
    assert set(contents(tmp_path / "b")) == {Path(DATABASE), *named(state)}
    assert "all agree" in verifies(tmp_path / "b")


def test_a_file_that_was_brought_and_then_forgotten_is_not_in_the_copy(
    state, tmp_path, monkeypatch
):
    snapshots = sorted(path for path in named(state) if path.parts[0] == "snapshots")

    def remove(call):
        if call == 1:
            with closing(sqlite3.connect(state / DATABASE)) as database:
                database.execute("DELETE FROM snapshots")
                database.execute(
                    "INSERT INTO snapshots (journal, file) VALUES (?, ?)",
                    (int(snapshots[1].name[:12]), snapshots[1].name),
                )
                file = panes.relative_to("history").as_posix()
                database.execute("DELETE FROM history WHERE file = ?", (file,))
                database.commit()
            (state / snapshots[0]).unlink()

    panes = next(path for path in named(state) if path.parts[0] == "history")
    with after_the_database(monkeypatch, remove):
        back_up(state, tmp_path / "b")
    assert panes not in named(state)
    assert set(contents(tmp_path / "b")) == {Path(DATABASE), *named(state)}


def test_a_state_that_is_begun_anew_meanwhile_is_not_mixed_with_the_old_one(
    state, tmp_path, monkeypatch
):
    def anew(_):
        with closing(sqlite3.connect(state / DATABASE)) as database:
            database.execute("UPDATE facts SET value = '7' WHERE name = 'begun_ms'")
            database.commit()

    with after_the_database(monkeypatch, anew):
        assert "was begun anew while it was copied" in refused(state, tmp_path / "b", 1)


@pytest.mark.parametrize("folder", ["snapshots", "ratings", "history"])
def test_a_state_that_lacks_a_file_is_not_copied(state, tmp_path, folder):
    lost = next(path for path in sorted(named(state)) if path.parts[0] == folder)
    (state / lost).unlink()
    assert f"{state / lost} is gone, and the state needs it" in refused(state, tmp_path / "b", 1)


@pytest.mark.parametrize("folder", ["ratings", "history"])
def test_a_file_that_was_cut_is_not_copied(state, tmp_path, folder):
    cut = next(path for path in sorted(named(state)) if path.parts[0] == folder)
    os.truncate(state / cut, 100)
    assert f"{state / cut} is broken: it has 100 bytes" in refused(state, tmp_path / "b", 1)


@pytest.mark.parametrize("folder", ["ratings", "history"])
def test_one_bit_that_turned_is_found(state, tmp_path, folder):
    path = state / next(path for path in sorted(named(state)) if path.parts[0] == folder)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    told = f"error: {path} is broken: its bytes are not those that were written (CRC-32). Restore "
    assert refused(state, tmp_path / "b", 1).startswith(told)
    done = starwatch("verify", "--state", state)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"{told}a backup of the state\n"


def test_a_broken_database_is_not_copied(state, tmp_path):
    (state / DATABASE).write_bytes(b"garbage " * 1000)
    for end in ("-wal", "-shm"):  # from which SQLite would restore it
        (state / f"{DATABASE}{end}").unlink()
    assert "cannot be read" in refused(state, tmp_path / "b", 1)


def test_targets_that_cannot_be(state, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "folder", "link"):
        assert f"{name} is there already" in refused(state, tmp_path / name, 2)
    assert "there is no folder" in refused(state, tmp_path / "none" / "b", 2)
    for inside in (state / "b", state / "snapshots" / "b"):
        assert "lies in the state itself" in refused(state, inside, 2)
    assert "there is no state in" in refused(tmp_path / "none", tmp_path / "b", 2)


@pytest.mark.parametrize("name", ["b.zip", "b.ZIP", "b.7z", "b.gz", "b.tar.xz", "b.tar.zst"])
def test_another_kind_of_archive_is_refused_rather_than_a_folder_called_so(state, tmp_path, name):
    line = refused(state, tmp_path / name, 2)
    assert f"a backup cannot be {Path(name).suffix}. Name a folder, or a file that ends in" in line
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["b.tar", "b.tar.gz", "b.tgz", "b.TGZ"])
def test_as_one_file(state, tmp_path, name):
    back_up(state, tmp_path / name)
    with tarfile.open(tmp_path / name) as archive:
        archive.extractall(tmp_path / "out", filter="data")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b"]
    assert set(contents(tmp_path / "out" / "b")) == {Path(DATABASE), *named(state)}
    assert "all agree" in verifies(tmp_path / "out" / "b")
    assert (tmp_path / name).read_bytes()[:2] == b"\x1f\x8b" or name == "b.tar"


def test_where_files_cannot_be_shared_they_are_copied(state, tmp_path, monkeypatch):
    def other_disk(*_):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    back_up(state, tmp_path / "linked")
    monkeypatch.setattr(Path, "hardlink_to", other_disk)
    back_up(state, tmp_path / "copied")
    files = named(state)
    assert all((tmp_path / "linked" / file).samefile(state / file) for file in files)
    assert not any((tmp_path / "copied" / file).samefile(state / file) for file in files)
    assert contents(tmp_path / "copied") == contents(tmp_path / "linked")


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("name", ["b", "b.tar"])
def test_the_key_of_reviewers_is_in_it_and_stays_secret(linked, name, state, tmp_path, monkeypatch):
    """A run that goes on from the backup hashes as before, or all reviewers would be new ones."""

    def other_disk(*_):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    prepared("hash", state)
    if not linked:
        monkeypatch.setattr(Path, "hardlink_to", other_disk)
    back_up(state, tmp_path / name)
    if name == "b.tar":
        with tarfile.open(tmp_path / name) as archive:
            archive.extractall(tmp_path, filter="data")
    key = tmp_path / "b" / KEY_FILE
    assert key.read_bytes() == (state / KEY_FILE).read_bytes()
    assert sys.platform == "win32" or key.stat().st_mode & 0o077 == 0


@LINUX_ROOT
@pytest.mark.parametrize("kilobytes", [8, 60, 180])
def test_a_full_disk_leaves_nothing_and_says_one_line(state, tmp_path, kilobytes):
    with small_disk(tmp_path / "disk", kilobytes) as resize:
        line = refused(state, tmp_path / "disk" / "b", 1)
        assert "cannot be written: " in line
        assert "Make room or name another disk" in line
        assert not list((tmp_path / "disk").iterdir())
        resize(64_000)
        back_up(state, tmp_path / "disk" / "b")
        assert "all agree" in verifies(tmp_path / "disk" / "b")


@UNIX
def test_killed_in_the_middle_it_leaves_no_backup_and_no_harm(state, tmp_path):
    before = contents(state)
    command = ("state", "backup", "--state", state, "--to", tmp_path / "b")
    killed = run(*command, env=os.environ | {"STARWATCH_FAILPOINT": "backup.copied"})
    assert killed.code == -signal.SIGKILL
    assert not (tmp_path / "b").exists()
    assert contents(state) == before
    back_up(state, tmp_path / "b")
    assert "all agree" in verifies(tmp_path / "b")
