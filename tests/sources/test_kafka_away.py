"""A broker that is away for some seconds makes nothing late of what is written behind it."""

import time

import pytest

from live.kafka_ratings import make_topic, rating, send, source
from mqtt.serving import publish, source_at
from mqtt.serving import rating as rating_by_mqtt
from servers.kafka import Kafka
from servers.ports import HOST, free_port
from service.test_live import running, soon
from starwatch.windows.job import Job
from starwatch.windows.spec import WindowSpec

pytestmark = pytest.mark.slow

JOB = Job(windows=(WindowSpec(2000, 1000),), bound_ms=0)
"""By the time of records, as `--time arrival` has it where there is a Kafka source."""

REMEMBERED = {
    "reconnect.backoff.ms": 6000,
    "reconnect.backoff.max.ms": 8000,
    "session.timeout.ms": 45_000,
}
"""The broker is there for seconds before the service finds it, and the group still knows it."""

FORGOTTEN = {"session.timeout.ms": 6000}
"""The group has forgotten the service."""


def closing_again(service) -> None:
    """Wait until the clock closes windows: all partitions are caught up."""
    now_ms = time.time_ns() // 1_000_000
    soon(lambda: (service.engine.watermark_ms or 0) >= now_ms, 20)


@pytest.mark.parametrize("options", [REMEMBERED, FORGOTTEN], ids=["remembered", "forgotten"])
def test_ratings_behind_a_restart_of_the_broker_are_in_time_on_a_restored_state(
    servers, mosquitto, unique, tmp_path, options
):
    broker = servers.start(Kafka(port=free_port()))
    kafka, port = f"{HOST}:{broker.kind.port}", mosquitto.kind.port
    make_topic(kafka, unique)

    def sources():
        ours = source(kafka, unique, by_arrival=True, **options)
        return ours, source_at(f"mqtt://{HOST}:{port}/ratings")

    with running(tmp_path, *sources(), job=JOB, by_records=True) as service:
        send(kafka, unique, [rating(n) for n in range(10)])
        soon(lambda: service.engine.received == 10)
    with running(tmp_path, *sources(), job=JOB, by_records=True) as service:
        soon(lambda: all(each.door.is_connected for each in service.sources))
        publish(port, *(rating_by_mqtt(reviewerID=f"m{n}") for n in range(3000)))
        soon(lambda: service.engine.received == 3010)
        time.sleep(2)  # both are idle, and the clock moves the watermark
        broker.kill()
        time.sleep(5)
        broker.start()
        send(kafka, unique, [rating(n) for n in range(10, 1010)])
        soon(lambda: service.engine.received == 4010, 60)
        closing_again(service)
        books = service.engine.engine.books()
    assert (books.received, books.late) == (4010, 0)


def test_windows_close_again_when_nothing_came_while_the_broker_was_away(servers, unique, tmp_path):
    broker = servers.start(Kafka(port=free_port()))
    kafka = f"{HOST}:{broker.kind.port}"
    make_topic(kafka, unique)
    ours = source(kafka, unique, by_arrival=True, **{"session.timeout.ms": 45_000})
    with running(tmp_path, ours, job=JOB, by_records=True) as service:
        send(kafka, unique, [rating(0)])
        closing_again(service)
        door = service.sources[0].door
        broker.kill()
        soon(lambda: not door.is_connected)
        broker.start()
        soon(lambda: door.is_connected, 30)
        closing_again(service)
