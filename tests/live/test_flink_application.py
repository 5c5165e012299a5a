"""Application mode: a cluster that starts the job from what `submit --application` wrote."""

import re
import shutil
from dataclasses import dataclass

import pytest
from confluent_kafka import Consumer

from live.kafka_ratings import BASE, make_topic, rating, send
from live.starting import need
from live.test_flink import LONG, ran
from servers.flink import JobManager, TaskManager
from servers.flink.installed import distribution
from servers.flink.java import modules
from servers.ports import free_port
from servers.processes import wait
from starwatch.flink.rest import Cluster

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True, kw_only=True)
class Application(JobManager):
    """A JobManager of one job, started by Flink's own script with the words of `submit`."""

    words: tuple[str, ...]

    def prepare(self, folder):
        JobManager.prepare(self, folder)
        shutil.copy(distribution() / "conf" / "log4j-console.properties", folder / "conf")

    def command(self, folder):
        places = (f"FLINK_{name}_DIR={folder / name.lower()}" for name in ("CONF", "LOG", "PID"))
        script, _, *words = self.words
        return ["env", *places, str(distribution() / script), "start-foreground", *words]


def windows(kafka, topic, count):
    consumer = Consumer(
        {"bootstrap.servers": kafka, "group.id": topic, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    found = []

    def enough():
        found.extend(m.value() for m in consumer.consume(100, 1.0) if m.error() is None)
        return len(found) >= count

    wait(enough, LONG)
    consumer.close()
    return found


def test_a_cluster_of_its_own_starts_the_job_from_the_file(servers, kafka, unique, tmp_path):
    need("flink")
    for topic in (unique, f"{unique}-windows", f"{unique}-back"):
        make_topic(kafka, topic)
    config = tmp_path / "c.toml"
    config.write_text(
        f'window = "10s"\nduplicates = "off"\n[[source]]\nurl = "kafka://{kafka}/{unique}"\n'
        f'group = "{unique}"\n[flink]\nprefix = "{unique}-"\ncheckpoint = "1s"\n'
    )
    told = ran("submit", "--config", str(config), "--application", str(tmp_path / "job"))
    line = re.search(r"bin/standalone-job.sh start .*", told.stderr)
    memory = {
        "jobmanager.memory.process.size": "900m",
        "env.java.opts.all": " ".join(modules(distribution())),
    }
    master = Application(port=free_port(), words=tuple(line[0].split()), settings=memory)
    servers.run(master)
    servers.run(TaskManager(jobmanager=master))
    cluster = Cluster(master.address())
    wait(lambda: [job.state for job in cluster.jobs()] == ["RUNNING"], LONG)
    assert cluster.find().name == f"{unique}-ratings"
    send(kafka, unique, [rating(n, stars=n % 5 + 1, at=BASE + n) for n in range(40)])
    first, *_ = windows(kafka, f"{unique}-windows", 3)
    assert b'"stars":[2,2,2,2,2]' in first
