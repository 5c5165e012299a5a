"""`starwatch flink submit` killed -9 on its way: one job or none, and nothing is left behind."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from commands import process, soon, starwatch
from live.flink_stream import Stream
from live.test_flink import LONG, ran
from servers.processes import Process
from starwatch.flink.rest import Cluster

pytestmark = pytest.mark.slow


def family(folder):
    """Processes that were told to write there: the client, PyFlink, its JVM."""
    mark, found = f"TMPDIR={folder}".encode(), []
    for table in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            if any(each.startswith(mark) for each in (table / "environ").read_bytes().split(b"\0")):
                found.append((int(table.name), (table / "comm").read_text().strip()))
    return found


def running(cluster, name):
    return [job.id for job in cluster.jobs() if job.name == name and job.runs]


MOMENTS = {
    "PyFlink is there": lambda folder, _: len(family(folder)) > 1,
    "its JVM is there": lambda folder, _: "java" in dict(map(reversed, family(folder))),
    "Flink plans": lambda folder, _: any(folder.rglob("flink-table-planner*")),
    "the job is there": lambda _, jobs: bool(jobs()),
}


@pytest.fixture
def submitting(flink, kafka, unique, tmp_path):
    """Starts a client that writes nowhere but below a folder; that, and the jobs that run."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("who belongs to whom is read from /proc")
    config, folder = Stream(kafka, unique, 0).prepare(tmp_path), tmp_path / "tmp"
    folder.mkdir()
    words = ("flink", "submit", "--config", config, "--cluster", flink)

    def start():
        return process(*words, patience=LONG, env=os.environ | {"TMPDIR": str(folder)})

    cluster, name = Cluster(flink), f"{unique}-ratings"
    yield start, folder, lambda: running(cluster, name), config
    for job in running(cluster, name):
        ran("stop", job, "--no-savepoint", "--cluster", flink)


def test_a_client_that_is_killed_leaves_one_job_or_none(submitting, flink):
    start, folder, jobs, config = submitting
    for moment in MOMENTS.values():
        with start() as client:
            soon(lambda moment=moment: moment(folder, jobs), seconds=LONG)
            client.send_signal(signal.SIGKILL)
            client.wait(20)
        soon(lambda: not family(folder), seconds=60)
        assert list(folder.iterdir()) == []
        assert len(jobs()) <= 1
    known = jobs()
    done = starwatch("flink", "submit", "--config", config, "--cluster", flink)
    if known:
        assert (done.code, f"runs already, with id {known[0]}" in done.err) == (1, True)
    else:
        assert (done.code, done.out.split()) == (0, jobs())
    assert len(jobs()) == 1


def test_a_pyflink_that_is_killed_is_told_and_leaves_nothing(submitting):
    start, folder, jobs, _ = submitting
    with start() as client:
        soon(lambda: MOMENTS["Flink plans"](folder, jobs), seconds=LONG)
        (pyflink,) = [pid for pid, name in family(folder) if name != "java" and pid != client.pid]
        Process.of(pyflink).send(signal.SIGKILL)
        _, told = client.communicate(timeout=60)
    assert client.returncode == 1
    assert told.splitlines()[-1].startswith("error: PyFlink (")
    assert "was ended by signal 9" in told
    assert "Traceback" not in told
    soon(lambda: not family(folder), seconds=60)
    assert list(folder.iterdir()) == []
    assert jobs() == []
