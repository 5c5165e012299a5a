"""Quiet topics on a real Flink: windows close by ticks, and nothing that comes later is late."""

import json
import time
from collections import Counter
from contextlib import closing
from functools import partial

import msgspec
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from cli.test_run import free_port, ready
from commands import interrupted, process, soon, starwatch
from live.flink_equal import committed_lines
from live.kafka_ratings import committed, make_topic
from live.test_flink import LONG, ran
from live.test_flink_engine import TOPICS
from starwatch.admission.ledger import Books
from starwatch.journal.places import Places
from starwatch.journal.store import Journal
from starwatch.ratings.durations import moment_ms

pytestmark = pytest.mark.slow

SIZE_MS, SLIDE_MS, BOUND_MS = 10_000, 5_000, 15_000
"""The bound is what a busy machine may need from the making of a rating to its being in Kafka."""

RATINGS = 20


def present(kafka, topic):
    """Ratings of this moment, in both partitions; their times."""
    producer = Producer({"bootstrap.servers": kafka, "log_level": 0})
    times = []
    for number in range(RATINGS):
        times.append(time.time_ns() // 1_000_000)
        rating = {"reviewerID": f"u{number}", "productID": "p", "rating": 5, "timestamp": times[-1]}
        producer.produce(topic, json.dumps(rating).encode(), partition=number % 2)
    assert producer.flush(60) == 0
    return times


def windows_of(times):
    """How many ratings are in each window, by its end."""
    ends = Counter()
    for time_ms in times:
        first = time_ms // SLIDE_MS * SLIDE_MS + SLIDE_MS
        ends.update(range(first, first + SIZE_MS, SLIDE_MS))
    return ends


def all_closed(out, times):
    lines = out.read_text().splitlines() if out.exists() else []
    rows = [json.loads(line) for line in lines]
    counts = Counter({moment_ms(row["end"]): row["count"] for row in rows})
    assert len(counts) == len(rows)
    return counts == windows_of(times)


def read_to_its_end(kafka, group, topic):
    """Whether a job has read all that a topic holds, and committed what it made of it."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": topic})
    try:
        ends = [consumer.get_watermark_offsets(TopicPartition(topic, n))[1] for n in (0, 1)]
    finally:
        consumer.close()
    return [committed(kafka, group, topic, n) for n in (0, 1)] == ends


def job_file(kafka, topic, folder, prefix, quiet):
    config = folder / f"{prefix}.toml"
    config.write_text(
        f'window = ["10s/5s"]\nbound = "{BOUND_MS}ms"\nquiet = "{quiet}"\n'
        f'[[source]]\nurl = "kafka://{kafka}/{topic}"\ngroup = "{prefix}"\n'
        f'[flink]\nprefix = "{prefix}-"\ncheckpoint = "1s"\nparallelism = 2\n'
    )
    return config


def test_the_last_windows_close_by_themselves_and_later_ratings_count(
    flink, kafka, unique, tmp_path
):
    make_topic(kafka, unique, partitions=2)
    advancing, waiting = unique, f"{unique}w"
    for prefix, quiet in ((advancing, "advance"), (waiting, "wait")):
        for topic in TOPICS:
            make_topic(kafka, f"{prefix}-{topic}")
        job_file(kafka, unique, tmp_path, prefix, quiet)
        ran("submit", "--config", str(tmp_path / f"{prefix}.toml"), "--cluster", flink)
    state, out, port = tmp_path / "s", tmp_path / "w.jsonl", free_port()
    config = tmp_path / f"{advancing}.toml"
    words = ("--config", config, "--state", state, "--port", port, "--sink", f"jsonl:{out}")
    try:
        times = []
        with process("run", "--engine", "flink", *words, patience=3 * LONG) as service:
            soon(lambda: ready(port))
            for _ in range(2):
                times += present(kafka, unique)
                soon(partial(all_closed, out, times), seconds=LONG)
            assert interrupted(service, within=20).code == 0
        soon(lambda: read_to_its_end(kafka, waiting, unique), seconds=LONG)
    finally:
        for prefix in (advancing, waiting):
            ran("stop", f"{prefix}-ratings", "--no-savepoint", "--cluster", flink)
    with closing(Journal(Places(state).database, reading=True)) as journal:
        books = msgspec.convert(journal.fact("books"), Books)
    assert (books.counted, books.received) == (2 * RATINGS, 2 * RATINGS)
    done = starwatch("verify", "--state", state, "--against", out)
    assert done.code == 0, done.out + done.err
    rows = committed_lines(kafka, f"{advancing}-windows")
    assert Counter({row["end_ms"]: sum(row["stars"]) for row in rows}) == windows_of(times)
    assert committed_lines(kafka, f"{advancing}-rejects") == []
    by_ratings = {row["end_ms"] for row in committed_lines(kafka, f"{waiting}-windows")}
    assert by_ratings == set(windows_of(times[:RATINGS]))  # those behind them have moved on
    assert committed_lines(kafka, f"{waiting}-rejects") == []
