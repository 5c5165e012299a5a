"""A job that runs embedded moves to Flink while ratings go on coming, as docs/cluster.md has it."""

import csv
import random
import threading
import time
from collections import Counter

import pytest
from confluent_kafka import Producer

from commands import starwatch
from live.kafka_ratings import make_topic, rating
from live.service import until, watched
from live.test_flink import LONG, ran
from starwatch.ratings.durations import moment_ms

pytestmark = pytest.mark.slow

SIZE_MS = 10_000


class Ratings(threading.Thread):
    """Ratings of now, up to two seconds old, twenty a second in two partitions, until it is left.

    Attributes:
        made: Product and event time in ms of each that was sent.
    """

    def __init__(self, kafka, topic):
        super().__init__()
        self.made = []
        self._topic, self._end = topic, threading.Event()
        self._producer = Producer({"bootstrap.servers": kafka, "linger.ms": 5, "log_level": 0})

    def run(self):
        dice = random.Random(1)  # noqa: S311 - no secret
        while not self._end.wait(0.05):
            number = len(self.made)
            product, at_ms = f"p{number % 5}", int(time.time() * 1000) - dice.randrange(2_000)
            value = rating(number, product=product, at=at_ms)
            self._producer.produce(self._topic, value, partition=number % 2)
            self._producer.poll(0)
            self.made.append((product, at_ms))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self.join()
        assert self._producer.flush(60) == 0


def windows(state, *options):
    """Product, start, end and count of each that has closed, by `export`."""
    done = starwatch("export", "--state", state, "--format", "csv", "--out", "-", *options)
    assert done.code == 0, done.err
    return [
        (row["product"], moment_ms(row["start"]), moment_ms(row["end"]), int(row["count"]))
        for row in csv.DictReader(done.out.splitlines())
    ]


def newest(state):
    return max((end for _, _, end, _ in windows(state)), default=0)


def by_hand(made, end_ms):
    """Each rating looked at alone."""
    counts = Counter((product, at_ms // SIZE_MS * SIZE_MS) for product, at_ms in made)
    return {
        (product, start, start + SIZE_MS, count)
        for (product, start), count in counts.items()
        if start + SIZE_MS <= end_ms
    }


def config(folder, kafka, topic, group, more=""):
    """The settings of one of the two: the same but for the group and what is of Flink."""
    folder.mkdir()
    file = folder / "starwatch.toml"
    file.write_text(
        f'window = "10s"\nbound = "30s"\n[[source]]\nurl = "kafka://{kafka}/{topic}"\n'
        f'group = "{group}"\n{more}'
    )
    return "--config", file


def test_both_run_until_they_agree_and_then_the_first_one_ends(flink, kafka, unique, tmp_path):
    make_topic(kafka, unique, partitions=2)
    make_topic(kafka, f"{unique}-back")
    own = f'[flink]\nprefix = "{unique}-"\ncheckpoint = "1s"\nparallelism = 2\n'
    laptop = config(tmp_path / "laptop", kafka, unique, f"{unique}-laptop")
    cluster = config(tmp_path / "cluster", kafka, unique, f"{unique}-cluster", own)
    with (
        Ratings(kafka, unique) as ratings,
        watched(tmp_path / "cluster", "--engine", "flink", *cluster) as new,
    ):
        with watched(tmp_path / "laptop", *laptop) as old:
            until(lambda: newest(old.state) > 0, LONG)
            ran("submit", *map(str, cluster), "--cluster", flink)
            until(lambda: newest(new.state) > 0, LONG)
            until(lambda: newest(old.state) >= newest(new.state), LONG)
            agreed = newest(new.state)
        up_to = ("--to", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(agreed / 1000)))
        assert windows(new.state, *up_to) == windows(old.state, *up_to)
        stopped = newest(old.state)
        until(lambda: newest(new.state) > stopped, LONG)
        ran("stop", f"{unique}-ratings", "--no-savepoint", "--cluster", flink)
    assert set(windows(new.state)) == by_hand(ratings.made, newest(new.state))
    assert starwatch("verify", "--state", new.state).code == 0
