"""Ratings through a real Flink into state, sinks and proof of `starwatch run --engine flink`."""

import csv
import json
from contextlib import closing
from decimal import Decimal

import msgspec
import pytest
from confluent_kafka import Producer

from cli.test_run import free_port, ready
from commands import interrupted, process, soon, starwatch
from live.kafka_ratings import make_topic
from live.test_flink import LONG, ran
from live.test_reference_chain import closed
from starwatch.admission.ledger import Books
from starwatch.journal.places import Places
from starwatch.journal.store import Journal

pytestmark = pytest.mark.slow

BEGIN_MS = 1_700_000_000_500
"""Half an interval behind the boundary of a slide, as the reference's pace is sent."""

TOPICS = ("windows", "late", "duplicates", "rejects", "back")


def sent(kafka, topic, rows):
    """Messages with the times of their records."""
    producer = Producer({"bootstrap.servers": kafka, "log_level": 0})
    for at_ms, value in rows:
        producer.produce(topic, value, timestamp=at_ms, partition=0)
    assert producer.flush(60) == 0


def by_the_second(path):
    """Rows 1 to 31 of the reference, a second each; its first row is row 0."""
    with path.open() as file:
        rows = list(csv.reader(file))[:31]
    for number, (reviewer, product, stars, _) in enumerate(rows):
        rating = {"reviewerID": reviewer, "productID": product, "rating": float(stars)}
        yield BEGIN_MS + 1_000 * number, json.dumps(rating).encode()


def balance(*words):
    """What the ledger says, once Flink has told its group that it has read everything."""
    done = starwatch("ledger", *words)
    told = json.loads(done.out)
    return None if told["unread"] else (done, told)


def test_the_means_calculated_by_hand_come_out_of_flink(
    shared_data, flink, kafka, unique, tmp_path
):
    by_hand = json.loads(
        (shared_data / "movies_and_tv_first_six_windows.json").read_text(), parse_float=Decimal
    )["windows"]
    for topic in (unique, *(f"{unique}-{name}" for name in TOPICS)):
        make_topic(kafka, topic)
    config, state, out = tmp_path / "c.toml", tmp_path / "s", tmp_path / "w.jsonl"
    config.write_text(
        'time = "arrival"\nquiet = "wait"\n'
        f'[[source]]\nurl = "kafka://{kafka}/{unique}"\ngroup = "{unique}"\n'
        f'[flink]\nprefix = "{unique}-"\ncheckpoint = "1s"\nparallelism = 2\n'
    )
    rows = list(by_the_second(shared_data / "movies_and_tv_first_252.csv"))
    end = {"reviewerID": "u", "productID": "end", "rating": 1}
    later = [(BEGIN_MS + 600_000 + 10_000 * n, json.dumps(end).encode()) for n in range(2)]
    ran("submit", "--config", str(config), "--cluster", flink)
    try:
        sent(kafka, unique, [*rows, (rows[-1][0], b"no rating"), *later])
        port = free_port()
        words = ("--config", config, "--state", state, "--port", port, "--sink", f"jsonl:{out}")
        with process("run", "--engine", "flink", *words, patience=2 * LONG) as service:
            soon(lambda: ready(port))
            soon(lambda: len(closed(out)) >= len(by_hand) + 6, seconds=LONG)
            assert interrupted(service, within=20).code == 0
            words = ("--engine", "flink", "--config", config, "--state", state, "--json")
            done, told = soon(lambda: balance(*words), seconds=LONG)
    finally:
        ran("stop", f"{unique}-ratings", "--no-savepoint", "--cluster", flink)
    expected = [{p: mean.quantize(Decimal("0.01")) for p, mean in w.items()} for w in by_hand]
    assert closed(out)[: len(by_hand)] == expected
    with closing(Journal(Places(state).database, reading=True)) as journal:
        books = msgspec.convert(journal.fact("books"), Books)
    assert (books.counted, books.rejected) == (len(rows) + 1, 1)  # the last one is in an open pane
    assert (done.code, told["faults"], told["state"]["agrees"]) == (0, [], True)
    assert (told["received"], told["counted"], told["rejected"]) == (
        len(rows) + 3,
        len(rows) + 1,
        1,
    )
    assert (told["pending"], told["unread"], told["state"]["messages_behind"]) == (1, 0, 0)
    done = starwatch("verify", "--state", state, "--against", out)
    assert done.code == 0, done.out + done.err
