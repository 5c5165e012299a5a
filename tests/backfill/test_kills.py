"""A backfill killed at any named place leaves all of it or nothing, and can be started again."""

import os
import shutil
import signal
import sys

import pytest

from backfill.scenes import (
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
from commands import run, starwatch
from starwatch.service.state import State

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")

FAILPOINTS = {
    "backfill.begun": 1,
    "backfill.refused": 1,
    "backfill.written": 1,
    "backfill.renamed": 9,  # ratings of five years, panes of four lengths
    "backfill.before": 1,
    "backfill.inside": 1,
    "backfill.after": 1,
}
"""Each place, and how often a backfill of the scene comes there."""

WHERE = [(name, count) for name, most in FAILPOINTS.items() for count in {1, most // 2 + 1, most}]


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A folder with a state and a file to take, not to be changed."""
    folder = tmp_path_factory.mktemp("scene")
    made(folder, "--duplicates", "content")
    ratings_file(folder / "old.csv", *old_rows(), live_rows()[0], ("a", "b", 9, 1))
    return folder


@pytest.fixture
def folder(scene, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(scene, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="module")
def undisturbed(scene, tmp_path_factory):
    """What a state says that was backfilled without a kill."""
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copytree(scene, folder, dirs_exist_ok=True)
    before = os.getcwd()  # noqa: PTH109
    os.chdir(folder)
    try:
        backfilled(folder / "s", "old.csv")
    finally:
        os.chdir(before)
    return told(folder / "s")


def told(state):
    return [said(command, state) for command in ("ledger", "rejects", "late")], complete(state)


def killed(failpoint):
    env = os.environ | {"STARWATCH_FAILPOINT": failpoint}
    done = run("backfill", "--state", "s", "old.csv", env=env)
    assert done.code == -signal.SIGKILL, (failpoint, done)


def test_every_place_is_reached_as_often_as_listed(folder):
    """So that no place is killed less often than it is passed."""
    for name, most in FAILPOINTS.items():
        shutil.copytree("s", "copy")
        env = os.environ | {"STARWATCH_FAILPOINT": f"{name}:{most + 1}"}
        assert run("backfill", "--state", "copy", "old.csv", env=env).code == 0, name
        shutil.rmtree(folder / "copy")


@pytest.mark.parametrize(("name", "count"), WHERE)
@pytest.mark.parametrize("opened", [True, False])
def test_killed_there(name, count, opened, folder, undisturbed):
    state = folder / "s"
    killed(f"{name}:{count}")
    taken = name == "backfill.after"
    if opened:  # as the next start of the run does
        State(state).__exit__()
        assert_tidy(state)
        assert "all agree" in said("verify", state)
    assert ("backfill" in said("ledger", state)) == taken
    assert (said("rejects", state) != "") == taken
    assert complete(state)[0] == counted(live_rows(), *([old_rows()] if taken else []))
    done = starwatch("backfill", "--state", "s", "old.csv")
    assert done.code == 0
    assert ("left out" in done.err) == taken
    assert told(state) == undisturbed
    assert len(sealed(state)) == len(old_rows()) + 1
    assert_tidy(state)


def test_killed_in_turn_at_every_place_but_the_last(folder, undisturbed):
    books = live_books(folder / "s")
    for name in FAILPOINTS:
        if name != "backfill.after":
            killed(name)
            assert live_books(folder / "s") == books
    backfilled(folder / "s", "old.csv")
    assert told(folder / "s") == undisturbed
    assert_tidy(folder / "s")
