"""`starwatch conformance` on a real Kafka and Flink: nothing differs, and nothing is left."""

import pytest
from click.testing import CliRunner
from confluent_kafka.admin import AdminClient

from servers.processes import wait
from starwatch.cli.main import cli
from starwatch.clients.kafka import read_address
from starwatch.conformance import on_flink
from starwatch.conformance.generated import generated
from starwatch.conformance.on_flink import OnFlink
from starwatch.conformance.topics import PREFIX
from starwatch.flink.rest import Submitted

pytestmark = pytest.mark.slow


def conformance(flink, kafka, *words):
    """Run the command on all engines; its lines and its sum."""
    where = ("--cluster", flink, "--kafka", kafka)
    line = ["conformance", "--engines", "embedded,recompute,flink", *where, *words]
    result = CliRunner().invoke(cli, line)
    assert result.exception is None, result.stdout + str(result.exception)
    *lines, last = result.stdout.splitlines()
    return lines, last


def topics_left(kafka):
    admin = AdminClient({"bootstrap.servers": kafka})
    return [name for name in admin.list_topics(timeout=60).topics if name.startswith(PREFIX)]


def test_all_scenarios_and_many_late_ratings(flink, kafka):
    lines, last = conformance(flink, kafka, "--random", "3", "--ratings", "20000")
    assert " differ;" in last
    assert ", 0 differ;" in last
    on = [line for line in lines if "(not on Flink: " not in line]
    assert len(on) >= 51
    assert all(line.startswith("equal ") for line in lines)
    assert on[-2].startswith(
        "equal    random 1 of seed 1: late and repeated ratings, one partition"
    )
    assert "windows of what it counted: with several partitions" in on[-1]
    assert wait(lambda: topics_left(kafka) == [], 60)


def test_a_million_ratings_at_parallelism_two(flink, kafka):
    words = ("--no-scenarios", "--random", "1", "--ratings", "1000000")
    lines, last = conformance(flink, kafka, *words)
    assert lines == ["equal    random 0 of seed 1: disorder within the bound, two partitions"]
    assert last.startswith("1 streams on embedded, recompute, flink: 1 equal, 0 differ;")


class Interrupted:
    """A cluster whose job runs when somebody presses Ctrl-C."""

    def __init__(self):
        self.running = []
        self.cancelled = []

    def submit(self, jobs, cluster, **_):
        assert cluster is self
        self.running = [Submitted("1", job.name, "RUNNING", 0) for job in jobs]
        raise KeyboardInterrupt

    def jobs(self):
        others = [Submitted("2", "starwatch-ratings", "RUNNING", 0)]
        return others + [job for job in self.running if job not in self.cancelled]

    def cancel(self, job):
        self.cancelled.append(job)

    def wait_end(self, job):
        assert job in self.cancelled


def test_ctrl_c_leaves_no_topic_and_no_job(kafka, monkeypatch):
    cluster = Interrupted()
    monkeypatch.setattr(on_flink, "submit_all", cluster.submit)
    address = read_address(f"kafka://{kafka}/any", {}, known=(), owned=())
    with pytest.raises(KeyboardInterrupt):
        OnFlink(cluster, address).run([generated(0, 1, 100)])
    assert cluster.cancelled == cluster.running
    assert len(cluster.cancelled) == 1
    assert wait(lambda: topics_left(kafka) == [], 60)
