"""A transaction that a killed broker forgot to end does not stand in the way of a sink for ever."""

import logging
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from network_targets import KafkaTarget, Target, assert_target_holds
from sink_rows import NASTY, context, corrected

from starwatch.ports import Cursor, Origin, RowContext
from starwatch.sinks.registry import open_lasting, parse_sink

STATE = "__transaction_state-"
"""Where the coordinator keeps what it knows; it is put back to an earlier moment."""


def opened(target: Target, of: RowContext, rows: int):
    origin = RowContext(of.job, of.products, Origin("this-state", rows))
    return open_lasting(parse_sink(target.url()), origin, Cursor(rows))


def transaction(target: KafkaTarget, transactional_id: str, *, left_open: bool) -> None:
    """Begin a transaction in the name of the sink, and leave it; or only see that none is open."""
    reach = target.reach()
    producer = Producer(reach | {"transactional.id": transactional_id, "log_level": 0})
    producer.init_transactions(20)
    if left_open:
        producer.begin_transaction()
        with closing(Consumer(reach | {"group.id": transactional_id})) as consumer:
            member = consumer.consumer_group_metadata()
            producer.send_offsets_to_transaction([TopicPartition("w", 0, 110)], member, 20)
        for _ in range(10):
            producer.produce("w", b"left open")
        assert producer.flush(20) == 0
        target.server.kill()
    producer.purge()


def forget_an_end(target: KafkaTarget, transactional_id: str, kept: Path) -> None:
    """Leave a transaction open of which the coordinator knows nothing, not even that it was."""
    data = target.server.folder / "data"
    target.server.stop()
    for folder in data.glob(f"{STATE}*"):
        shutil.copytree(folder, kept / folder.name)
    target.server.start()
    transaction(target, transactional_id, left_open=True)
    for folder in kept.iterdir():
        shutil.rmtree(data / folder.name)
        shutil.copytree(folder, data / folder.name)
    target.server.start()
    transaction(target, transactional_id, left_open=False)


@pytest.mark.slow
def test_a_transaction_whose_end_the_broker_forgot_is_aborted(
    servers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    target = KafkaTarget(servers)
    of = context(ids=[product for product in NASTY if product != target.poison])
    whole = corrected(of)
    with closing(opened(target, of, 0)) as sink:
        sink.write(whole.take(slice(100)))
        transactional_id = sink._transactions._id  # noqa: SLF001
    forget_an_end(target, transactional_id, tmp_path)
    with caplog.at_level(logging.WARNING), closing(opened(target, of, 100)) as sink:
        assert "without an end" in caplog.text
        sink.write(whole.take(slice(100, 200)))
        sink.write(whole.take(slice(200, None)))
    assert_target_holds(target, of, whole)
