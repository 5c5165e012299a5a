"""A Kafka and a Flink of their own for benchmarks, and what each round takes of the TaskManager.

A job runs on while topics are filled a portion at a time: the first portions warm it up, later ones
are measured. So neither its start nor the compiler of the JVM counts, and several jobs can take
turns within one run: whose topic is not filled rests.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from servers.flink import JobManager, TaskManager
from servers.kafka import Kafka
from servers.ports import HOST, free_port
from servers.processes import wait
from servers.server import Server
from starwatch.flink.rest import Cluster

PATIENCE = 900.0
"""Seconds for a portion on a machine that others use."""

Message = tuple[int, bytes]
"""Time of the record in ms, value."""


@dataclass(frozen=True)
class Flink:
    """What runs.

    Attributes:
        kafka: `host:port`.
        cluster: The REST API.
        worker: Process id of the only TaskManager.
        folder: Of all of them.
    """

    kafka: str
    cluster: Cluster
    worker: int
    folder: Path

    def asked(self, path: str) -> Any:
        """An answer of the REST API."""
        with urlopen(f"http://{self.cluster.host}:{self.cluster.port}{path}") as answer:
            return json.load(answer)

    def topic(self, name: str, partitions: int = 1) -> None:
        """Make a topic that keeps what it gets."""
        admin = AdminClient({"bootstrap.servers": self.kafka, "log_level": 0})
        made = NewTopic(name, partitions, 1, config={"retention.ms": "-1"})
        admin.create_topics([made])[name].result(60)

    def fill(self, topic: str, messages: Iterable[Message], partitions: int = 1) -> None:
        """Send a portion, round robin, and wait until the broker has it."""
        own = {"linger.ms": 50, "batch.num.messages": 10_000, "log_level": 0}
        producer = Producer({"bootstrap.servers": self.kafka} | own)
        for number, (at_ms, value) in enumerate(messages):
            while True:
                try:
                    producer.produce(topic, value, partition=number % partitions, timestamp=at_ms)
                    break
                except BufferError:
                    producer.poll(0.1)
        if producer.flush(120):
            raise RuntimeError("the broker did not take all messages")

    def taken(self, topic: str, group: str, messages: Sequence[Message], partitions: int) -> float:
        """Have a running job read one more portion; seconds of CPU of the TaskManager.

        The portion has been read when a checkpoint has committed the offsets behind it.
        """
        began = cpu_seconds(self.worker)
        self.fill(topic, messages, partitions)
        client = Consumer(
            {"bootstrap.servers": self.kafka, "group.id": group, "enable.auto.commit": False}
        )
        places = [TopicPartition(topic, number) for number in range(partitions)]
        ends = [client.get_watermark_offsets(place, timeout=60)[1] for place in places]

        def read() -> bool:
            time.sleep(0.2)
            committed = client.committed(places, timeout=60)
            return all(place.offset >= end for place, end in zip(committed, ends, strict=True))

        if not wait(read, PATIENCE):
            raise RuntimeError(f"the job does not come to the end of {topic}")
        client.close()
        return cpu_seconds(self.worker) - began


def cpu_seconds(process: int) -> float:
    """What a process has taken of all cores."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running() -> Iterator[Flink]:
    """Start a broker, a JobManager and a TaskManager of eight slots; stop them at the end."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    folder = Path(tempfile.mkdtemp(prefix="starwatch-bench-flink-"))
    manager = JobManager(port=free_port())
    kinds = (
        Kafka(port=free_port(), heap="512m"),
        manager,
        TaskManager(jobmanager=manager, slots=8),
    )
    started = [Server(kind, folder / kind.name, tied=True) for kind in kinds]
    try:
        for server in started:
            server.start()
        process = started[-1].process
        if process is None:
            raise RuntimeError("the TaskManager has ended")
        cluster = Cluster(manager.address())
        yield Flink(f"{HOST}:{kinds[0].port}", cluster, process.pid, folder)
    finally:
        for server in reversed(started):
            server.stop()
        shutil.rmtree(folder)
