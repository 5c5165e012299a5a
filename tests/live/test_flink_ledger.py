"""`starwatch ledger --engine flink` on a real Kafka: which offsets hold messages is read there."""

import json
from contextlib import closing

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from commands import starwatch
from flink.topics import pane, row, single
from live.kafka_ratings import make_topic, rating, send

pytestmark = pytest.mark.slow


def transaction(kafka, topic, values, *, commit=True, partition=0):
    """Messages of one transaction, which ends with a mark that takes an offset."""
    name = {"transactional.id": f"{topic}-{partition}", "log_level": 0}
    producer = Producer({"bootstrap.servers": kafka} | name)
    producer.init_transactions(30)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value, partition=partition)
    producer.flush(30)
    (producer.commit_transaction if commit else producer.abort_transaction)(30)


def tell_group(kafka, topic, **offsets):
    """As Flink does behind a checkpoint."""
    parts = [TopicPartition(topic, int(name[1:]), offset) for name, offset in offsets.items()]
    with closing(Consumer({"bootstrap.servers": kafka, "group.id": topic})) as consumer:
        consumer.commit(offsets=parts, asynchronous=False)


@pytest.fixture
def ledger(kafka, unique, tmp_path):
    """Asks for the books, two partitions of ratings and the topic that is written back."""
    make_topic(kafka, unique, partitions=2)
    make_topic(kafka, f"{unique}-back")
    config = tmp_path / "c.toml"
    source = f'url = "kafka://{kafka}/{unique}"\ngroup = "{unique}"'
    config.write_text(f'[[source]]\n{source}\n[flink]\nprefix = "{unique}-"\n')

    def asked(*options):
        return starwatch("ledger", "--engine", "flink", "--config", config, *options)

    return asked


def test_offsets_without_a_message_are_not_received(kafka, unique, ledger):
    send(kafka, unique, [rating(n) for n in range(5)])
    transaction(kafka, unique, [rating(n) for n in range(3)], commit=False)
    transaction(kafka, unique, [rating(n) for n in range(4)])
    send(kafka, unique, [None, b"no rating", rating(9)], partition=1)
    tell_group(kafka, unique, p0=5 + 4 + 5, p1=2)
    transaction(
        kafka,
        f"{unique}-back",
        [
            pane(0, 0, 1, 2, 4),
            single("rejected", 0, topic=unique, partition=1),
            single("rejected", 1, topic=unique, partition=1),
            row("watermark", end_ms=5000),
        ],
    )
    done = ledger("--json")
    told = json.loads(done.out)
    assert (done.code, told["faults"]) == (0, [])
    assert (told["received"], told["counted"], told["rejected"]) == (11, 7, 2)
    assert (told["pending"], told["unread"], told["gone"]) == (2, 1, 0)
    assert [(each["received"], each["empty"]) for each in told["sources"]] == [(9, 5), (2, 0)]
    assert "the books balance" in ledger().out

    transaction(kafka, f"{unique}-back", [pane(0, 0, 0, 0, 3, end_ms=10_000)])
    done = ledger("--begin", f"{unique}/0=0")
    assert done.code == 1
    assert "THE BOOKS DO NOT BALANCE: more messages than Flink has read: 1" in done.out


def test_what_cannot_be_asked_is_one_line(kafka, unique, ledger):
    for words, said in (
        (("--begin", "x"), "'x' is no beginning"),
        (("--begin", "other/0=5"), "--begin names other/0, which the job does not read"),
        (
            ("--source", f"kafka://{kafka}/{unique}?from=latest"),
            f"began in {unique}/0 is not known",
        ),
        (("--source", f"kafka://{kafka}/none{unique}"), f"there is no topic none{unique}"),
    ):
        done = ledger(*words)
        assert done.code in (1, 2)
        assert said in done.err
        assert done.err.count("\n") == 1
