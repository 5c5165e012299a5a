"""Who writes ticks: a service that Flink feeds, unless windows are to wait."""

import subprocess
from contextlib import contextmanager

import pytest

from cli.test_run import free_port
from commands import interrupted, process
from flink.plans import live_job
from starwatch.cli import flink_serving
from starwatch.codecs.options import InputOptions
from starwatch.settings.sections import SourceSection
from starwatch.settings.sources import Settings
from starwatch.windows.job import WindowTime


@pytest.fixture
def written(monkeypatch):
    """The plans that ticks were written for, and the clusters."""
    found = []

    @contextmanager
    def ticking(plan, address):
        found.append((plan, address.hosts))
        yield

    monkeypatch.setattr(flink_serving, "ticking", ticking)
    return found


def beside(*, by_records=False, **rules):
    section = SourceSection(url="kafka://127.0.0.1:1/ratings,more?group=g")
    job, settings = live_job(**rules), Settings()
    return flink_serving.ticks_written(
        job, [section], InputOptions(), settings, by_records=by_records
    )


@pytest.mark.parametrize("by_records", [False, True])
def test_ticks_go_to_all_topics_by_the_time_of_the_windows(written, by_records):
    with beside(by_records=by_records):
        ((plan, hosts),) = written
    assert plan.topics == ("ratings", "more")
    assert hosts == "127.0.0.1:1"
    assert (plan.job.time is WindowTime.ARRIVAL) == by_records


def test_none_are_written_where_windows_are_to_wait(written):
    with beside(quiet="wait"):
        assert written == []


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_is_told_once_and_stops_nothing(tmp_path):
    where = ("--source", f"kafka://127.0.0.1:{free_port()}/ratings", "--state", tmp_path / "s")
    words = ("--engine", "flink", "--no-http", *where)
    with process("run", *words, patience=120, stdout=subprocess.DEVNULL) as service:
        assert any(
            "no ticks can be" in line and "See that Kafka runs" in line for line in service.stderr
        )
        done = interrupted(service, within=20)
    assert done.code == 0
    assert "no ticks" not in done.err
