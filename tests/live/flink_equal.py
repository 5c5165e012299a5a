"""What the embedded engine makes of messages, and what a job on Flink wrote: in the same words."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from confluent_kafka import Consumer, Producer, TopicPartition

from starwatch.admission.ledger import Class
from starwatch.codecs.payloads import Payloads
from starwatch.engine import Engine
from starwatch.flink.plan import Names, Plan
from starwatch.ratings.batch import Batch
from starwatch.windows.job import Job, WindowTime

BASE = 1_700_000_000_000


@dataclass(frozen=True, slots=True)
class Message:
    """One message: when it came, where, and its bytes."""

    at_ms: int
    partition: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """What came of messages; places are (partition, offset).

    Attributes:
        windows: (window, product, end) to counts by step.
        late: Late ratings.
        duplicates: Ratings that had come before.
        rejects: Rejects, with their reasons.
        counted: How many ratings are in panes or partly late.
    """

    windows: dict[tuple[str, str, int], tuple[int, ...]] = field(default_factory=dict)
    late: set[tuple[int, int]] = field(default_factory=set)
    duplicates: set[tuple[int, int]] = field(default_factory=set)
    rejects: dict[tuple[int, int], str] = field(default_factory=dict)
    counted: int = 0


def untidy(seed: int, count: int, *, partitions: int = 1, late: bool = True) -> list[Message]:
    """Ratings, some out of order, late, doubled or unreadable; four a second in each partition."""
    chance = random.Random(seed)  # noqa: S311 - a test wants the same each time
    made: list[Message] = []
    for number in range(count):
        at = BASE + number // partitions * 250
        if made and late and chance.random() < 0.05:
            value = chance.choice(made[-200:]).value  # some come again
        else:
            value = _value(chance, number, at, late=late)
        made.append(Message(at, number % partitions, value))
    return made


def _value(chance: random.Random, number: int, at: int, *, late: bool) -> bytes:
    if chance.random() < 0.04:
        return chance.choice(_ODD)
    behind = chance.randrange(-2000, 2900)
    if late and chance.random() < 0.1:
        behind = chance.randrange(60_000)
    rating: dict[str, object] = {
        "reviewerID": f"u{number}" if chance.random() < 0.9 else "",
        "productID": chance.choice(["p", "it's", 'say "x"', "ü"]),
        "rating": chance.choice([1, 2, 3.0, "4", 5]),
        "timestamp": at - behind,
    }
    if chance.random() < 0.2:
        del rating["timestamp"]
    if chance.random() < 0.1:
        rating["more"] = chance.choice([{"rating": 1, "productID": "q"}, "}, {", [{}], "{"])
    if chance.random() < 0.2:
        rating["id"] = f"r{chance.randrange(100)}"
    return json.dumps(rating, ensure_ascii=chance.random() < 0.5).encode()


_ODD = [
    *(b"", b"x", b"{", b"{}", b"5", b"null", b'"text"', b'{"productID": "p"}', b"{} {}"),
    *(b'{"productID": "p", "rating": 6}', b'{"productID": "p", "rating": "many"}'),
    *(b'{"productID": "p", "rating": 4.5}', b'{"productID": "", "rating": 5}'),
    *(b'{"productID": "p", "rating": 5, "timestamp": 5}', b'{"productID": "\xff", "rating": 5}'),
    *(b'{"productID": "p", "rating": 5, "timestamp": "soon"}', b'{"rating": 5}'),
    *(b'{"productID": "p", "rating": 5, "timestamp": 9999999999}', b'{"productID": "p", "rating"'),
    b'{"productID": "%s", "rating": 5}' % (b"p" * 513),
    b'{"productID": "p", "rating": 5} {"productID": "p", "rating": 5} ',
    b'{"productID": "p", "rating": 5}, {"productID": "p", "rating": 5}',
    b'{"productID": "p", "rating": 5, "more": {"rating": 1}} {}',
    b'{"productID": "p", "rating": 5, "more": "}"}, 5',
    *(b'{"productID": "p", "rating": 5} x', b'{"productID": "p", "rating": 5 x}'),
]


def embedded(plan: Plan, messages: Sequence[Message]) -> Written:
    """What the embedded engine makes of them, one by one in this order."""
    job = plan.job
    if job.time is WindowTime.ARRIVAL:  # then no event time is impossible
        job = replace(job, oldest_ms=None, ahead_ms=None)
    engine, payloads = Engine(job), Payloads(plan.input, job.scale)
    offsets: Counter[int] = Counter()
    written = Written()
    for partition in sorted({each.partition for each in messages}):
        engine.join(partition)
    for message in messages:
        offset = offsets[message.partition]
        offsets[message.partition] += 1
        place = (message.partition, offset)
        decoded = payloads.decode([message.value], np.array([offset]))
        rejects = [(message.partition, each) for each in decoded.rejects]
        count, times = len(decoded), np.full(len(decoded), message.at_ms)
        batch = Batch(
            arrival_ms=times,
            partition=np.full(count, message.partition, np.int32),
            position=decoded.position,
            product=decoded.product,
            reviewer=decoded.reviewer,
            stars=decoded.stars,
            event_ms=decoded.event_ms,
            rating_id=decoded.rating_id,
            rejects=rejects,
            reject_arrival_ms=np.full(len(rejects), message.at_ms),
        )
        outcome = engine.ingest(batch)
        _add(written, plan, engine, outcome.rows)
        for kind in outcome.classes.tolist():
            if kind == Class.LATE:
                written.late.add(place)
            elif kind == Class.DUPLICATE:
                written.duplicates.add(place)
            elif kind == Class.REJECTED:
                written.rejects[place] = "event_time"
        if decoded.rejects:
            written.rejects[place] = str(decoded.rejects[0].reason)
    _add(written, plan, engine, engine.finish())
    books = engine.books()
    assert books.balanced
    return Written(
        written.windows, written.late, written.duplicates, written.rejects, books.counted
    )


def _add(written: Written, plan: Plan, engine: Engine, rows) -> None:
    columns = (rows.spec.tolist(), engine.products.texts(rows.product), rows.end_ms.tolist())
    for spec, product, end, stars in zip(*columns, rows.stars.tolist(), strict=True):
        written.windows[plan.job.windows[spec].label, product, end] = tuple(stars)


def by_flink(kafka: str, plan: Plan) -> Written:
    """What a job that has ended wrote; every window once."""
    names, windows = plan.names, {}
    for line in committed_lines(kafka, names.windows):
        key = (line["window"], line["product"], line["end_ms"])
        assert key not in windows
        windows[key] = tuple(line["stars"])
    back = committed_lines(kafka, names.back)
    panes = sum(sum(line["stars"]) for line in back if line["kind"] == "pane")
    return Written(
        windows=windows,
        late=_places(committed_lines(kafka, names.late)),
        duplicates=_places(committed_lines(kafka, names.duplicates)),
        rejects={_place(line): _reason(line) for line in committed_lines(kafka, names.rejects)},
        counted=panes + sum(line["kind"] == "partly" for line in back),
    )


def _reason(line: dict) -> str:
    reason = line["reason"]
    return "event_time" if reason.startswith("event_time") else reason


def _place(line: dict) -> tuple[int, int]:
    return line["partition"], line["offset"]


def _places(lines: Iterable[dict]) -> set[tuple[int, int]]:
    return {_place(line) for line in lines}


def committed_lines(kafka: str, topic: str) -> list[dict]:
    """The committed lines of a topic of one partition, up to its end."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": topic,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    lines = []
    try:
        while True:
            message = consumer.poll(60)
            assert message is not None, f"{topic} did not come to its end"
            if message.error() is not None:
                return lines
            lines.append(json.loads(message.value()))
    finally:
        consumer.close()


def produce(kafka: str, topic: str, messages: Iterable[Message]) -> None:
    """Send messages with their times."""
    failures: list[object] = []
    producer = Producer({"bootstrap.servers": kafka, "enable.idempotence": True, "linger.ms": 5})
    for each in messages:
        producer.produce(
            topic,
            each.value,
            partition=each.partition,
            timestamp=each.at_ms,
            on_delivery=lambda error, _: failures.append(error) if error else None,
        )
        producer.poll(0)
    assert producer.flush(120) == 0
    assert failures == []


def ending(job: Job, kafka: str, topic: str, **given) -> Plan:
    """A plan of a job that ends with what the topic holds."""
    given = {
        "parallelism": 1,
        "checkpoint_ms": 2_000,
    } | given
    names = Names(f"{topic}-")
    return Plan(job, (topic,), kafka, names=names, group=topic, bounded=True, **given)
