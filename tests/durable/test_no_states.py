"""Folders and files that are no state: told in one line, and left as they were."""

from pathlib import Path

import pytest

from commands import T0, csv_file, starwatch
from starwatch.service.state import DATABASE, State

FAST = ("--rate", "100", "--as-fast-as-possible", "--start", T0, "--quiet", "--window", "1s")


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return csv_file(Path("f.csv"), *(f"u,p{row % 3},5,1600000000" for row in range(400)))


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Path("state")


def refused(error, file, state, *more, code=1):
    """A replay refuses the folder in one line, and leaves it as it was."""
    before = sorted((path, path.is_file() and path.read_bytes()) for path in state.rglob("*"))
    done = starwatch("replay", file, *FAST, "--state", state, *more)
    after = sorted((path, path.is_file() and path.read_bytes()) for path in state.rglob("*"))
    assert (done.code, done.out, after) == (code, "", before)
    assert error in done.err
    assert done.err.count("\n") == 1


FOREIGN = [
    ["thesis.tex"],
    ["snapshots/monday.img"],
    ["snapshots/000000000007-0123abcd.arrow", "snapshots/monday.img"],
    ["ratings/2024.csv"],
    ["history/year=2024/part.parquet", "README"],
    ["snapshots/", "README"],
]


@pytest.mark.parametrize("again", [(), ("--again",)])
@pytest.mark.parametrize("names", FOREIGN, ids=" ".join)
def test_a_folder_with_other_things_in_it(file, state, names, again):
    for name in names:
        path = state / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        else:
            path.write_text("x")
    refused("holds other things than a state", file, state, *again)


def test_what_somebody_put_into_a_state_is_not_swept_away(file, state):
    assert starwatch("replay", file, *FAST, "--state", state).code == 0
    theirs, torn = state / "snapshots" / "notes.txt", state / "snapshots" / "000000000099.part"
    theirs.write_text("x")
    torn.write_text("x")
    (state / "snapshots" / "more").mkdir()
    State(state).__exit__()
    assert (theirs.read_text(), torn.exists()) == ("x", False)


def test_an_empty_folder_becomes_a_state(file, state):
    (state / "snapshots").mkdir(parents=True)
    assert starwatch("replay", file, *FAST, "--state", state).code == 0
    assert (state / DATABASE).is_file()


@pytest.mark.parametrize("name", ["b.tar.gz", "b.tgz", "b.tar"])
def test_a_backup_in_one_file_is_to_be_unpacked(file, name):
    Path(name).write_bytes(b"x")
    words = f"{name} is a backup in one file, and no state. Unpack it, `tar -xf {name}`"
    refused(words, file, Path(name), code=2)
    for command in (("ledger",), ("state", "info"), ("verify",)):
        done = starwatch(*command, "--state", name)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"error: {words}")


def test_a_state_that_is_a_file(file, state):
    state.write_text("x")
    refused("cannot be made", file, state)
    assert state.read_text() == "x"


@pytest.mark.parametrize("command", ["ledger", "rejects", "late"])
def test_a_state_that_is_not_there(command, state):
    done = starwatch(command, "--state", state)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"error: there is no state in {state}. Name a folder that --state was given\n"
    )
    assert not state.exists()


def test_a_state_in_which_nothing_has_begun(state):
    State(state).__exit__()
    for command, code in (("ledger", 1), ("late", 1), ("rejects", 0)):
        done = starwatch(command, "--state", state)
        assert (done.code, done.out) == (code, "")
        assert "no run has begun in state yet" in done.err or not code
