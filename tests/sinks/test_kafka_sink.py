"""Rows in a real Kafka over kills of the service, and what a wrong target says."""

import json
import os
import subprocess
import sys

import pytest
from confluent_kafka import Consumer, TopicPartition

import live.kafka_run
from live.kafka_ratings import BASE, make_topic, rating, send
from starwatch.errors import BadSetting
from starwatch.sinks.registry import parse_sink

KILLED = {-9, 137}


def messages(kafka: str, topic: str, partitions: int = 1, isolation: str = "read_committed"):
    """All that a consumer sees from the start on."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "reader",
            "enable.partition.eof": True,
            "isolation.level": isolation,
        }
    )
    consumer.assign([TopicPartition(topic, n, 0) for n in range(partitions)])
    found, ends = [], 0
    while ends < partitions:
        message = consumer.poll(20)
        assert message is not None
        if message.error() is None:
            found.append(message)
        else:
            ends += 1
    consumer.close()
    return found


def run(folder, kafka, topic, outputs, failpoint=""):
    path = os.pathsep.join(filter(None, sys.path))
    environment = os.environ | {"STARWATCH_FAILPOINT": failpoint, "PYTHONPATH": path}
    command = [sys.executable, live.kafka_run.__file__, folder, kafka, topic, "300", *outputs]
    done = subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=60
    )
    assert not done.stderr, done.stderr
    return done.returncode


@pytest.mark.slow
def test_killed_in_and_behind_transactions_no_row_is_lost_or_there_twice(kafka, unique, tmp_path):
    rows, ratings, out = f"{unique}-rows", unique, tmp_path / "w.jsonl"
    make_topic(kafka, rows, partitions=3)
    make_topic(kafka, ratings)
    values = [rating(n, product=f"p{n % 40}", at=BASE + n // 30) for n in range(300)]
    outputs = [f"jsonl:{out}", f"kafka://{kafka}/{rows}"]
    for some in (values[:150], values[150:]):
        send(kafka, ratings, some)
        for failpoint in ("kafka.produced:1", "kafka.committed:1"):
            assert run(tmp_path, kafka, ratings, outputs, failpoint) in KILLED
    assert run(tmp_path, kafka, ratings, outputs) == 0
    wanted = out.read_bytes().splitlines()
    found = messages(kafka, rows, 3)
    assert sorted(m.value() for m in found) == sorted(wanted)
    assert len(wanted) > 250
    for message in found:
        row = json.loads(message.value())
        assert message.key().decode() == row["product"]
        assert message.headers() == [
            ("spec", row["window"].encode()),
            ("revision", b"%d" % row["revision"]),
        ]
    product = [line for line in wanted if json.loads(line)["product"] == "p7"]
    assert [m.value() for m in found if m.key() == b"p7"] == product
    everything = messages(kafka, rows, 3, "read_uncommitted")
    assert len(everything) > len(found)  # what was aborted is there, for those who want it


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("kafka://h/a,b", "writes to one topic"),
        ("kafka://h", "names its topic"),
        ("kafka://h/t?timeout=soon", "'soon' of a Kafka sink is no number"),
        ("kafka://h/t?transactional.id=x", "decided by Starwatch"),
        ("kafka://h/t?group=x", "'group' is unknown"),
        ("kafka://h/t?linger.ms=long", "refuses its settings"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(url, why):
    with pytest.raises(BadSetting, match=why):
        parse_sink(url)
