"""Ratings in Kafka topics for tests: made, sent, and read back by a service or a plain consumer."""

import json
from collections.abc import Iterable

from confluent_kafka import (
    OFFSET_INVALID,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

from starwatch.codecs.options import InputOptions
from starwatch.ratings.scale import Scale
from starwatch.sources.kafka import KafkaSource, kafka_source
from starwatch.sources.live import SourceContext

BASE = 1_700_000_000

_SOON = {KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS}


def rating(number: int, *, product: str = "p", stars: int = 5, at: float = BASE) -> bytes:
    """One rating, told from all others by its reviewer."""
    fields = {"reviewerID": f"u{number}", "productID": product, "rating": stars, "timestamp": at}
    return json.dumps(fields).encode()


def make_topic(kafka: str, topic: str, partitions: int = 1, **config: object) -> None:
    admin = AdminClient({"bootstrap.servers": kafka})
    new = NewTopic(topic, partitions, 1, config={k.replace("_", "."): v for k, v in config.items()})
    admin.create_topics([new])[topic].result(10)


def drop_topic(kafka: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.delete_topics([topic])[topic].result(10)


def send(kafka: str, topic: str, values: Iterable[bytes | None], partition: int = 0, **config):
    """Produce, each value acknowledged, in order."""
    failures = []
    producer = Producer(
        {"bootstrap.servers": kafka, "enable.idempotence": True, "linger.ms": 5}
        | {key.replace("_", "."): value for key, value in config.items()}
    )
    for value in values:
        while True:
            try:
                producer.produce(
                    topic,
                    value,
                    partition=partition,
                    on_delivery=lambda error, _: failures.append(error) if error else None,
                )
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(60) == 0
    assert failures == []


def source(kafka: str, topic: str, *, by_arrival: bool = False, **options) -> KafkaSource:
    """A source whose group nobody else has, and that leaves it soon after a kill."""
    query = options.pop("query", "")
    given = {"group": topic, "session.timeout.ms": 6000} | options
    context = SourceContext(InputOptions(), Scale.parse("1..5/1"), by_arrival, given)
    return kafka_source(f"kafka://{kafka}/{topic}{query}", context)


def committed(kafka: str, group: str, topic: str, partition: int = 0) -> int:
    """What a lag tool sees of a group."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": group})
    try:
        (found,) = consumer.committed([TopicPartition(topic, partition)], timeout=10)
    except KafkaException as error:  # a broker that is still taking the group over
        if error.args[0].code() not in _SOON:
            raise
        return OFFSET_INVALID
    else:
        return found.offset
    finally:
        consumer.close()
