"""Kafka to the commit, against a bare loop that takes 20,000 messages and decodes their JSON.

Both join a group of their own and read one partition from its start to its end, by the clock on the
wall, from the first message to the last: the decoded one there, the committed one here. The broker
runs on the same machine. The service keeps its state in the folder of data and closes windows.
"""

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Thread

import msgspec
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.data import made
from benchmarks.json_windows import Rating
from benchmarks.measuring import Given, Result, main
from servers.kafka import Kafka
from servers.ports import HOST, free_port
from servers.server import Server
from starwatch.codecs.options import InputOptions
from starwatch.ratings.scale import Scale
from starwatch.service.live import Service
from starwatch.service.state import State
from starwatch.service.stop import Stop
from starwatch.sources.kafka import kafka_source
from starwatch.sources.live import SourceContext
from starwatch.windows.job import Duplicates, Job

MESSAGES = 1_000_000
BULK = 20_000


@contextmanager
def broker() -> Iterator[str]:
    """A broker in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="starwatch-bench-kafka-"))
    server = Server(Kafka(port=free_port(), heap="512m"), folder, tied=True)
    try:
        server.start()
        yield f"{HOST}:{server.kind.port}"
    finally:
        server.stop()
        shutil.rmtree(folder)


def fill(kafka: str, topic: str, lines: list[bytes]) -> None:
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(10)
    producer = Producer({"bootstrap.servers": kafka, "linger.ms": 50})
    for line in lines:
        while True:
            try:
                producer.produce(topic, line)
                break
            except BufferError:
                producer.poll(0.1)
    if producer.flush(60):
        raise RuntimeError("the broker did not take all messages")


def bare(kafka: str, topic: str) -> float:
    """Take and decode all; seconds."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": uuid.uuid4().hex,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    decode = msgspec.json.Decoder(Rating).decode
    begun, count = 0.0, 0
    while count < MESSAGES:
        messages = consumer.consume(BULK, 0.1)
        if messages and not begun:
            begun = time.monotonic()
        ratings = [decode(message.value()) for message in messages]
        count += len(ratings)
    took = time.monotonic() - begun
    consumer.close()
    return took


def committed(kafka: str, topic: str, folder: Path) -> float:
    """Have a service commit all; seconds."""
    shutil.rmtree(folder, ignore_errors=True)
    job = Job(duplicates=Duplicates.CONTENT)  # as a service has it
    context = SourceContext(InputOptions(), Scale(), False, {"group": uuid.uuid4().hex})
    source = kafka_source(f"kafka://{kafka}/{topic}", context)
    stop = Stop()
    with State(folder) as state:
        service = Service(state, job, [source], [])
        thread = Thread(target=service.run, args=(stop, lambda: 0.05))
        thread.start()
        while not service.inbox.ratings and not service.engine.received:
            time.sleep(0.001)
        begun = time.monotonic()
        while sum(source.positions.values()) < MESSAGES:
            time.sleep(0.002)
        took = time.monotonic() - begun
        stop.set()
        thread.join()
        books = service.engine.engine.books()
        if books.received != MESSAGES or not books.balanced:
            raise RuntimeError(f"not all was counted once: {books}")
    return took


def measure(given: Given) -> list[Result]:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))  # clients of Kafka have threads
    with made(given.data, "ratings.jsonl").open("rb") as file:
        lines = [file.readline().rstrip() for _ in range(MESSAGES)]
    folder = given.data / "kafka-state"
    taken: dict[str, list[float]] = {"bare": [], "committed": []}
    with broker() as kafka:
        fill(kafka, "ratings", lines)
        for _ in range(given.repeats + 1):
            taken["bare"].append(bare(kafka, "ratings"))
            taken["committed"].append(committed(kafka, "ratings", folder))
    shutil.rmtree(folder, ignore_errors=True)
    other, ours = (MESSAGES / median(times[1:]) / 1000 for times in taken.values())
    return [
        Result(
            "Kafka to the commit against a bare `consume(20000)` loop with JSON decoded",
            ours / other,
            must=0.6,
            aim=0.9,
            detail=f"{ours:.0f} k/s against {other:.0f} k/s, one partition, wall time",
        )
    ]


if __name__ == "__main__":
    main(measure)
