"""Each stage of the pipeline of 2021 killed in the middle of 20,000 ratings: the ledger has all."""

import csv
import json
import signal
from collections import Counter, defaultdict
from contextlib import closing
from fractions import Fraction
from urllib.request import urlopen

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition

from commands import starwatch
from live.reference import pipeline_of, reference
from live.service import say, until
from live.six_windows import SIZE_MS, SLIDE_MS
from live.test_flink import LONG
from servers.ports import HOST
from servers.processes import Process
from servers.reference import TOPIC
from starwatch.ratings.durations import moment_ms

pytestmark = pytest.mark.slow

COUNT = 20_000
EVERY = "2ms"

KILLS = (
    ("nifi", 1_000),
    ("bridge-in", 3_000),
    ("bridge-out", 5_000),
    ("page", 7_000),
    ("taskmanager", 8_000),
)
"""What is killed once so many messages are in Kafka. The first three hold up the others behind
them, so there is always more to come when the last ones are killed."""


class Topic:
    """What the topic of ratings holds: read by a consumer that nothing of the pipeline knows.

    Attributes:
        ratings: Time in Kafka and line of each message, but for ticks, which have no value.
    """

    def __init__(self, port):
        self.ratings = []
        settings = {"bootstrap.servers": f"{HOST}:{port}", "group.id": "test", "log_level": 0}
        soon = {"topic.metadata.refresh.interval.ms": 1000}  # at first there is no topic
        self._consumer = Consumer(settings | soon | {"enable.auto.commit": False})
        self._place = TopicPartition(TOPIC, 0, 0)
        self._consumer.assign([self._place])
        self._read = 0

    def count(self):
        """How many messages there are by now."""
        end = self._end()
        while self._read < end:
            some = self._consumer.consume(1000, 0.2)
            self._read = max([self._read, *(m.offset() + 1 for m in some if not m.error())])
            self.ratings += [
                (message.timestamp()[1], message.value().decode().rstrip("\n"))
                for message in some
                if message.error() is None and message.value() is not None
            ]
        return len(self.ratings)

    def _end(self):
        try:
            return self._consumer.get_watermark_offsets(self._place, timeout=20)[1]
        except KafkaException:
            return 0

    def firsts(self):
        """Time, product and stars of each rating by its line, as it came first."""
        found = {}
        for at_ms, line in self.ratings:
            _, _, _, stars, product = line.split(",")
            found.setdefault(line, (at_ms, product, int(stars)))
        return found

    def close(self):
        self._consumer.close()


def row(number):
    """A rating as the file has it; no two have a reviewer in common."""
    return f"A{number}", f"{number % 20:010}", 1 + number * 7 % 5, 1_400_000_000 + number


@pytest.fixture
def pipeline(tmp_path):
    """Its folder and ports."""
    folder, data = tmp_path / "reference", tmp_path / "ratings.csv"
    with data.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("reviewerID", "productID", "rating", "timestamp"))
        lines.writerows(map(row, range(COUNT)))
    words = ("--data", data, "--every", EVERY, "--duplicates", "content")
    with pipeline_of(folder, *words) as (ports, _):
        yield folder, ports


def kill(folder, stage):
    process = Process.load(folder / stage / "process.json")
    assert process.alive
    process.send(signal.SIGKILL)
    until(lambda: not process.alive)


def ledger(folder):
    """How the command ends, and the books of Flink's topics, compared with the page's state."""
    where = ("--config", folder / "starwatch.toml", "--state", folder / "page" / "state")
    done = starwatch("ledger", "--engine", "flink", *where, "--json")
    return done.code, json.loads(done.out) if done.out else {}


def nothing_pending(folder):
    """A job that a kill has made begin again may tell its group of what it read only later."""
    code, told = ledger(folder)
    return code == 0 and told["pending"] == told["unread"] == 0


def windows(folder):
    """Count and mean of each window that has closed, as the page's state has it."""
    state = folder / "page" / "state"
    done = starwatch("export", "--state", state, "--format", "csv", "--out", "-", "--as-emitted")
    return {
        (moment_ms(row["end"]), row["product"]): (int(row["count"]), Fraction(row["mean"]))
        for row in csv.DictReader(done.out.splitlines())
    }


def recomputed(firsts):
    """The same of all windows, each rating put by hand into those that hold it."""
    stars = defaultdict(list)
    for at_ms, product, number in firsts:
        first = (at_ms // SLIDE_MS + 1) * SLIDE_MS
        for end_ms in range(first, first + SIZE_MS, SLIDE_MS):
            stars[end_ms, product].append(number)
    return {key: (len(each), Fraction(sum(each), len(each))) for key, each in stars.items()}


def test_each_stage_is_killed_once_and_the_ledger_explains_every_rating(pipeline):
    folder, ports = pipeline
    with closing(Topic(ports["kafka"])) as topic:
        for stage, due in KILLS:
            until(lambda due=due: topic.count() >= due, LONG)
            kill(folder, stage)
            assert topic.count() < COUNT, "there was nothing left to lose"
            started = {line.split()[0] for line in reference("start", folder, ports)}
            assert started - {"flow"} == {stage}
        until(lambda: topic.count() >= COUNT and len(topic.firsts()) >= COUNT, LONG)
        until(lambda: nothing_pending(folder), LONG)
        received, firsts = topic.count(), topic.firsts()
    assert set(map(fields, firsts)) == set(map(row, range(COUNT)))
    assert len(firsts) == COUNT

    code, told = ledger(folder)
    assert (code, told["faults"], told["state"]["faults"]) == (0, [], [])
    say(f"{received:,} messages in Kafka, {told['duplicate']:,} of them came again")
    assert (told["received"], told["unread"], told["pending"]) == (received, 0, 0)
    assert (told["late"], told["rejected"]) == (0, 0)
    assert (told["counted"], told["duplicate"]) == (COUNT, received - COUNT)

    expected = recomputed(firsts.values())
    whole = (max(at_ms for at_ms, _, _ in firsts.values()) // SLIDE_MS + 1) * SLIDE_MS
    due = {key: value for key, value in expected.items() if key[0] <= whole}
    until(lambda: due.keys() <= windows(folder).keys(), LONG)
    shown = windows(folder)
    assert {key: value for key, value in shown.items() if key[0] <= whole} == due
    with urlopen(f"http://{HOST}:{ports['page']}/api/v1/products?limit=500", timeout=60) as answer:
        rows = json.load(answer)["rows"]
    counts = Counter(product for _, product, _ in firsts.values())
    assert dict(zip(rows["id"], rows["all_count"], strict=True)) == counts
    done = starwatch("verify", "--state", folder / "page" / "state")
    assert done.code == 0, done.out + done.err
    assert not list(folder.glob("refused-*.jsonl"))


def fields(line):
    """Reviewer, product, stars and time of a line of NiFi's CSV."""
    time, reviewer, _, stars, product = line.split(",")
    return reviewer, product, int(stars), int(time)
