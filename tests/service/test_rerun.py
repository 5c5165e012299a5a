"""What a state has journalled, sealed or not, gives its rows again."""

import shutil
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commands import starwatch
from durable.runs import FREQUENT, Scene, untidy_files
from starwatch.journal.entries import Mark, MarkKind
from starwatch.journal.rules import job_from_facts
from starwatch.journal.store import Journal
from starwatch.service.rerun import emitted_again, journalled
from starwatch.service.state import DATABASE, RATINGS


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A finished run of three files of different lengths, most of it sealed."""
    folder = tmp_path_factory.mktemp("rerun")
    sides = [folder / side for side in ("short", "long")]
    for side in sides:
        side.mkdir()
    files = untidy_files(sides[0], rows=40, seed=1, files=1)
    files += untidy_files(sides[1], rows=150, seed=2, files=2)
    options = ("--every", "3s", "--time", "event", "--bound", "2m", "--lateness", "15m")
    windows = ("--window", "10m/5m", "--window", "1h")
    scene = Scene(files, folder, (*options, *windows))
    assert starwatch(*scene.lasting(*FREQUENT)).code == 0
    return scene


@pytest.fixture
def journal(scene):
    with closing(Journal(scene.state / DATABASE, reading=True)) as opened:
        yield opened


def test_the_rows_are_those_of_the_run(scene, journal):
    job = job_from_facts(journal.fact("job"))
    again = pa.concat_tables(emitted_again(journal, scene.state / RATINGS, job)).to_pylist()
    assert len(again) > 100
    assert again == scene.rows()


def test_marks_stand_where_they_stood(scene, journal):
    """Files leave at their last row, the first of them long before sealed ratings of the others."""
    ratings, left = 0, {}
    steps = list(journalled(journal, scene.state / RATINGS))
    for step in steps:
        if not isinstance(step, Mark):
            ratings += len(step)
        elif step.kind is MarkKind.LEAVE:
            left[step.partition] = ratings
    assert [step.kind for step in steps if isinstance(step, Mark)][-1] is MarkKind.FINISH
    assert left[0] < left[1] <= left[2]
    assert 0 < left[0] < max(int(row["seq"]) for row in sealed(scene))
    assert ratings == sum(at.ratings for at in journal.positions().values())


def test_sealed_ratings_that_are_broken_are_one_line(scene, tmp_path):
    state = shutil.copytree(scene.state, tmp_path / "state")
    next((state / RATINGS).glob("*/*.parquet")).write_bytes(b"PAR1")
    done = starwatch("verify", "--state", state)
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1


def sealed(scene):
    files = (scene.state / RATINGS).glob("*/*.parquet")
    return [row for file in files for row in pq.read_table(file, columns=["seq"]).to_pylist()]
