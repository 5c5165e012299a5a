"""What lasting sinks hold after kill -9: a real journal, every sink, every failpoint."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lasting_run import CONTEXT, ROWS, WHOLE
from sink_rows import TEXT, assert_holds, write

from starwatch.sinks.registry import sink_names

RUN = Path(__file__).with_name("lasting_run.py")
KILLED = {-9, 137}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the plain sinks write of the same rows."""
    folder = tmp_path_factory.mktemp("undisturbed")
    for sink in sink_names():
        write(sink, folder / f"w.{sink}", CONTEXT, WHOLE)
    return folder


def run(folder: Path, failpoint: str = "") -> int:
    path = os.pathsep.join(filter(None, sys.path))
    environment = os.environ | {"STARWATCH_FAILPOINT": failpoint, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, RUN, folder], env=environment, check=False, capture_output=True, text=True
    )
    assert not done.stderr, done.stderr
    return done.returncode


def assert_undisturbed(folder: Path, undisturbed: Path) -> None:
    for sink in sink_names():
        name = f"w.{sink}"
        if sink in TEXT:
            assert (folder / name).read_bytes() == (undisturbed / name).read_bytes(), sink
        else:
            assert_holds(sink, folder / name, CONTEXT, WHOLE)
            assert all(p.name.startswith("part-") for p in (folder / name).iterdir())


@pytest.mark.parametrize(
    "failpoint",
    [
        "commit.before:3",
        "commit.inside:2",  # the first cursors
        "commit.inside:6",
        "commit.after:4",
        "commit.after:19",  # the last: every sink is closed
        "sink.before:1",
        "sink.before:14",
        "sink.written:2",
        "sink.written:35",  # Parquet, where a part is unfinished
        "sink.secured:3",
        "sink.secured:30",
        "sink.part_written:1",
        "sink.part_written:5",
        "sink.part_written:14",  # the last, in close
        "sink.renamed:1",
        "sink.renamed:5",
        "sink.renamed:14",
    ],
)
def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(
    failpoint: str, tmp_path: Path, undisturbed: Path
) -> None:
    assert run(tmp_path, failpoint) in KILLED
    assert run(tmp_path) == 0
    assert_undisturbed(tmp_path, undisturbed)
    assert run(tmp_path) == 0  # nothing is left to do, and nothing changes
    assert_undisturbed(tmp_path, undisturbed)


def test_a_run_can_be_killed_while_it_cuts_back(tmp_path: Path, undisturbed: Path) -> None:
    assert run(tmp_path, "sink.renamed:6") in KILLED
    for sink in TEXT:
        with (tmp_path / f"w.{sink}").open("ab") as file:
            file.write(b'{"torn":')
    for number in (1, 2, 3, 4, 1, 2):  # before and behind a cut; the last two of Parquet
        assert run(tmp_path, f"sink.cut:{number}") in KILLED
    assert run(tmp_path) == 0
    assert_undisturbed(tmp_path, undisturbed)


def test_a_run_that_is_killed_again_and_again_still_ends(tmp_path: Path, undisturbed: Path) -> None:
    for failpoint in ("sink.written:7", "sink.part_written:2", "commit.inside:4", "sink.renamed:3"):
        assert run(tmp_path, failpoint) in KILLED
    assert run(tmp_path) == 0
    assert_undisturbed(tmp_path, undisturbed)
    assert len(WHOLE) == ROWS
