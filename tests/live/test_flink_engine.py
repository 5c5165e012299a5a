"""`replay --to kafka`, Flink, `run --engine flink`, with their defaults: page, sink and proof."""

import json
from contextlib import closing, suppress
from urllib.error import URLError

import msgspec
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from cli.test_run import free_port, ready
from commands import interrupted, process, soon, starwatch
from live.kafka_ratings import make_topic
from live.service import say
from live.six_windows import by_hand, ends_of, on_page, on_time, page, table_of_2021, to_cents
from live.test_flink import LONG, ran
from live.test_reference_chain import closed
from starwatch.admission.ledger import Books
from starwatch.journal.places import Places
from starwatch.journal.store import Journal

pytestmark = pytest.mark.slow

ROWS = 31
"""Of the file: with the last of them the sixth window ends."""

TOPICS = ("windows", "late", "duplicates", "rejects", "back")


def records(kafka, topic):
    """Time, product and stars of each rating in Kafka, as `replay` sent it."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": f"{topic}-test"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    messages = [consumer.poll(60) for _ in range(ROWS)]
    consumer.close()
    for message in messages:
        rating = json.loads(message.value())
        yield message.timestamp()[1], rating["productID"], int(rating["rating"])


def admitted(port):
    """Counted ratings and rejects, as the page has them."""
    with suppress(URLError, ConnectionError):
        books = page(port, "ledger")["books"]
        return books["counted"], books["rejected"]
    return None


def balance(*words):
    """What the ledger says, once Flink has told its group that it has read everything."""
    done = starwatch("ledger", *words)
    told = json.loads(done.out)
    return None if told["unread"] else (done, told)


def test_the_means_calculated_by_hand_come_out_of_flink(
    shared_data, flink, kafka, unique, tmp_path
):
    for topic in (unique, *(f"{unique}-{name}" for name in TOPICS)):
        make_topic(kafka, topic)
    config, state, out = tmp_path / "c.toml", tmp_path / "s", tmp_path / "w.jsonl"
    source = f"kafka://{kafka}/{unique}"
    config.write_text(
        f'time = "arrival"\n[[source]]\nurl = "{source}"\ngroup = "{unique}"\n'
        f'[flink]\nprefix = "{unique}-"\n'
    )
    movies = shared_data / "movies_and_tv_first_252.csv"
    play = ("replay", movies, "--every", "1s", "--limit", ROWS, "--to", source)
    try:
        with process(*play, patience=LONG) as edge:
            ran("submit", "--config", str(config), "--cluster", flink)
            _, said = edge.communicate(timeout=LONG)
            assert edge.returncode == 0, said
        producer = Producer({"bootstrap.servers": kafka, "log_level": 0})
        producer.produce(unique, b"no rating", partition=0)
        assert producer.flush(60) == 0
        port = free_port()
        words = ("--config", config, "--state", state, "--port", port, "--sink", f"jsonl:{out}")
        with process("run", "--engine", "flink", *words, patience=2 * LONG) as service:
            soon(lambda: ready(port))
            soon(lambda: admitted(port) == (ROWS, 1), seconds=LONG)
            soon(lambda: len(closed(out)) >= 6)
            rows = list(records(kafka, unique))
            ends = ends_of(rows)
            shown = on_page(port, {product for _, product, _ in rows}, ends)
            assert interrupted(service, within=20).code == 0
            words = ("--engine", "flink", "--config", config, "--state", state, "--json")
            done, told = soon(lambda: balance(*words), seconds=LONG)
    finally:
        ran("stop", f"{unique}-ratings", "--no-savepoint", "--cluster", flink)
    assert shown == {end: by_hand(rows, end) for end in ends}
    means = [to_cents(shown[end]) for end in ends]
    assert closed(out)[: len(ends)] == means
    if on_time(rows):
        assert means == table_of_2021(shared_data)
    else:
        say("the machine was too busy for a rating a second: the table of 2021 does not apply")
    with closing(Journal(Places(state).database, reading=True)) as journal:
        books = msgspec.convert(journal.fact("books"), Books)
    assert (books.counted, books.rejected) == (ROWS, 1)
    assert (done.code, told["faults"], told["state"]["agrees"]) == (0, [], True)
    assert (told["received"], told["counted"], told["rejected"]) == (ROWS + 1, ROWS, 1)
    assert (told["pending"], told["unread"]) == (0, 0)
    done = starwatch("verify", "--state", state, "--against", out)
    assert done.code == 0, done.out + done.err
