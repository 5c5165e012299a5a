"""A small job of Flink for tests: HOP windows over a topic, exactly once into another one."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from confluent_kafka import Consumer

from live.kafka_ratings import rating
from servers.processes import wait
from starwatch.flink.job import FlinkJob

BASE = 1_700_000_010
SIZE, SLIDE = 30, 5

SELECT = """EXECUTE STATEMENT SET BEGIN
    INSERT INTO windows
    SELECT productID, CAST(window_start AS STRING), COUNT(*), SUM(rating)
    FROM TABLE(HOP(TABLE ratings, DESCRIPTOR(t), INTERVAL '5' SECOND, INTERVAL '30' SECOND))
    GROUP BY productID, window_start, window_end;
END"""

Window = tuple[str, str, int, int]
"""Product, start, count, sum of stars."""


def hop_job(kafka: str, name: str, *, source: str, target: str) -> FlinkJob:
    """Windows of 30 s every 5 s, five seconds of disorder."""
    at = f"'connector' = 'kafka', 'properties.bootstrap.servers' = '{kafka}', 'format' = 'json'"
    ratings = f"""CREATE TABLE ratings (
        productID STRING, rating INT, `timestamp` BIGINT, t AS TO_TIMESTAMP_LTZ(`timestamp`, 0),
        WATERMARK FOR t AS t - INTERVAL '5' SECOND
    ) WITH ({at}, 'topic' = '{source}', 'scan.startup.mode' = 'earliest-offset')"""
    windows = f"""CREATE TABLE windows (product STRING, `start` STRING, n BIGINT, s BIGINT) WITH (
        {at}, 'topic' = '{target}', 'sink.delivery-guarantee' = 'exactly-once',
        'sink.transactional-id-prefix' = '{name}',
        'properties.transaction.timeout.ms' = '600000'
    )"""
    settings = {
        "parallelism.default": "1",
        "execution.checkpointing.interval": "1 s",
        "table.local-time-zone": "UTC",
    }
    return FlinkJob(name, settings, (ratings, windows, SELECT))


def made_ratings(seed: int, start: int, count: int) -> list[tuple[str, int, int]]:
    """Product, stars and time of ratings, four a second, up to three seconds out of order."""
    chance = random.Random(seed)  # noqa: S311 - a test wants the same each time
    return [
        (f"p{chance.randrange(5)}", chance.randint(1, 5), start + i // 4 - chance.randrange(4))
        for i in range(count)
    ]


def messages(ratings: Iterable[tuple[str, int, int]]) -> Iterator[bytes]:
    for number, (product, stars, at) in enumerate(ratings):
        yield rating(number, product=product, stars=stars, at=at)


def counted(ratings: Iterable[tuple[str, int, int]]) -> set[Window]:
    """All windows, each rating looked at alone."""
    numbers: Counter[tuple[str, int]] = Counter()
    sums: Counter[tuple[str, int]] = Counter()
    for product, stars, at in ratings:
        newest = at // SLIDE * SLIDE
        for start in range(newest, newest - SIZE, -SLIDE):
            numbers[product, start] += 1
            sums[product, start] += stars
    return {
        (product, _text(start), count, sums[product, start])
        for (product, start), count in numbers.items()
    }


def committed_windows(kafka: str, topic: str, count: int, seconds: float) -> list[Window]:
    """All windows committed to a topic once there are so many, or once the time is over."""
    settings = {"auto.offset.reset": "earliest", "enable.partition.eof": True}
    at = {"bootstrap.servers": kafka, "group.id": topic, "isolation.level": "read_committed"}
    consumer = Consumer({**at, **settings, "enable.auto.commit": False, "log_level": 0})
    found: list[Window] = []

    def all_there() -> bool:
        message = consumer.poll(0.2)
        if message is None:
            return False
        if message.error() is None:
            row = json.loads(message.value())
            found.append((row["product"], row["start"], row["n"], row["s"]))
            return False
        return len(found) >= count

    try:
        consumer.subscribe([topic])
        wait(all_there, seconds)
    finally:
        consumer.close()
    return found


def _text(second: int) -> str:
    """A moment as Flink writes it in UTC."""
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}.000"
