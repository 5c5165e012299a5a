"""A long stream of ratings for Flink, sent to Kafka, and every window of it by arithmetic."""

import json
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from confluent_kafka import Producer

from live.kafka_ratings import make_topic
from starwatch.clients.kafka import read_address
from starwatch.flink.messages import TopicReader

BEGIN_MS = 1_700_000_000_000
EVERY_MS = 2
WINDOW_MS = 10_000
PRODUCTS, PARTITIONS = 40, 2
TOPICS = ("windows", "late", "duplicates", "rejects", "back")


@dataclass
class Stream:
    """So many ratings, two milliseconds apart, out of order within the bound of five seconds.

    Attributes:
        acknowledged: How many messages the broker said it has.
        idle: `[flink] idle`; the default if nothing is said.
    """

    kafka: str
    topic: str
    count: int
    acknowledged: int = 0
    idle: str | None = None
    _numbers: np.ndarray = field(init=False)

    def __post_init__(self):
        dice = np.random.default_rng(1)
        number = np.arange(self.count)
        product, star = dice.integers(0, [[PRODUCTS], [5]], (2, self.count))
        time = BEGIN_MS + number * EVERY_MS - dice.integers(0, 3_000, self.count)
        self._numbers = np.stack([number, product, star, time], axis=1)

    def prepare(self, folder):
        """Make the topics; the settings of job and service."""
        make_topic(self.kafka, self.topic, partitions=PARTITIONS)
        for name in TOPICS:
            make_topic(self.kafka, f"{self.topic}-{name}")
        config = folder / "c.toml"
        idle = f'idle = "{self.idle}"\n' if self.idle else ""
        config.write_text(
            f'window = ["{WINDOW_MS}ms"]\nduplicates = "off"\nquiet = "wait"\n'
            f'[[source]]\nurl = "kafka://{self.kafka}/{self.topic}"\ngroup = "{self.topic}"\n'
            f'[flink]\nprefix = "{self.topic}-"\ncheckpoint = "1s"\nparallelism = 2\n{idle}'
        )
        return config

    @property
    def end(self):
        """One a partition, far behind all others: it closes their windows, and stays pending."""
        return [[self.count + n, 0, 0, BEGIN_MS + 10_000_000] for n in range(PARTITIONS)]

    def send(self, low=0, high=None, *, end=False):
        """Send some of them, and wait until each is acknowledged."""
        failures = []

        def told(error, _):
            if error:
                failures.append(error)
            else:
                self.acknowledged += 1

        own = {"bootstrap.servers": self.kafka, "enable.idempotence": True, "log_level": 0}
        producer = Producer({**own, "linger.ms": 20, "queue.buffering.max.messages": 1_000_000})
        for number, product, star, time in [
            *self._numbers[low:high].tolist(),
            *(self.end if end else ()),
        ]:
            rating = (
                f'{{"reviewerID":"u{number}","productID":"p{product}"'
                f',"rating":{star + 1},"timestamp":{time}}}'
            )
            producer.produce(self.topic, rating, partition=number % PARTITIONS, on_delivery=told)
            producer.poll(0)
        assert producer.flush(300) == 0
        assert failures == []

    def read_by_flink(self):
        """How many messages Flink has told its group that it has read."""
        address = read_address(f"kafka://{self.kafka}/{self.topic}", {}, known=(), owned=())
        with closing(TopicReader(address, self.topic)) as topics:
            told = topics.told([(self.topic, number) for number in range(PARTITIONS)])
        return sum(offset or 0 for offset in told.values())

    @cached_property
    def windows(self):
        """Counts of each star by product and end; without the last ones, which close none."""
        _, product, star, time = self._numbers.T
        end = time // WINDOW_MS * WINDOW_MS + WINDOW_MS
        keys, times = np.unique(np.stack([product, end, star]), axis=1, return_counts=True)
        found = {}
        for (number, closed, place), count in zip(keys.T.tolist(), times.tolist(), strict=True):
            found.setdefault((f"p{number}", closed), [0] * 5)[place] = count
        return {key: tuple(counts) for key, counts in found.items()}


def once(rows):
    """Rows by product and end; none may come twice."""
    found = {}
    for product, end, stars in rows:
        assert (product, end) not in found, f"{product} until {end} came twice"
        found[product, end] = tuple(stars)
    return found


def lines_of(path):
    """The whole lines of a file that is written."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
