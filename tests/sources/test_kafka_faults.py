"""What happens to a service that reads Kafka when it, the broker or the network is killed."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import live.kafka_run
from live.kafka_ratings import committed, make_topic, rating, send, source
from servers.kafka import Kafka
from servers.ports import HOST, free_port
from service.serving import running, soon
from starwatch.service.pauses import Pauses
from starwatch.windows.job import Job
from starwatch.windows.spec import WindowSpec

pytestmark = pytest.mark.slow

JOB = Job(windows=(WindowSpec(1000, 1000),), bound_ms=0)
KILLED = {-9, 137}


def run(folder: Path, kafka: str, topic: str, count: int, failpoint: str = "") -> tuple[int, str]:
    path = os.pathsep.join(filter(None, sys.path))
    environment = os.environ | {"STARWATCH_FAILPOINT": failpoint, "PYTHONPATH": path}
    command = [sys.executable, live.kafka_run.__file__, folder, kafka, topic, str(count)]
    done = subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=120
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def test_killed_again_and_again_nothing_is_lost_or_counted_twice(kafka, unique, tmp_path):
    make_topic(kafka, unique, partitions=2)
    for partition in (0, 1):
        numbers = range(partition, 4000, 2)
        send(kafka, unique, [rating(n, product=f"p{n % 7}") for n in numbers], partition)
    points = ["kafka.handed:1", "commit.before:2", "commit.inside:1", "commit.after:1"]
    for point in points:
        assert run(tmp_path, kafka, unique, 4000, point)[0] in KILLED
        send(kafka, unique, [rating(4000 + points.index(point))])
    code, told = run(tmp_path, kafka, unique, 4004)
    assert (code, told) == (0, "4004 4004 0 0\n")
    assert committed(kafka, unique, unique, 0) == 2004


def test_a_broker_that_is_killed_in_the_middle(servers, unique, tmp_path):
    broker = servers.start(Kafka(port=free_port()))
    kafka = f"{HOST}:{broker.kind.port}"
    make_topic(kafka, unique)
    total = 60_000
    sender = threading.Thread(target=send, args=(kafka, unique, [rating(n) for n in range(total)]))
    with running(tmp_path, source(kafka, unique), job=JOB) as service:
        sender.start()
        soon(lambda: service.engine.received > 1000)
        broker.kill()
        door = service.sources[0].door
        soon(lambda: not door.is_connected)
        broker.start()
        sender.join(60)
        soon(lambda: service.engine.received >= total, 60)
        soon(lambda: door.is_connected)
        time.sleep(1)
        books = service.engine.engine.books()
    assert (books.received, books.counted) == (total, total)


def test_a_hundred_thousand_ratings_are_counted_once_over_kills_of_both(servers, unique, tmp_path):
    broker = servers.start(Kafka(port=free_port()))
    kafka = f"{HOST}:{broker.kind.port}"
    make_topic(kafka, unique, partitions=3)
    total = 100_000
    sent = [rating(n, product=f"p{n % 100}") for n in range(total)]

    def publish():
        for partition in range(3):
            send(kafka, unique, sent[partition::3], partition)

    publishing = threading.Thread(target=publish)
    publishing.start()
    for number, point in enumerate(("handed:2", "handed:1", "handed:3", "handed:2", "handed:1")):
        assert run(tmp_path, kafka, unique, total, f"kafka.{point}")[0] in KILLED
        if number in {1, 3}:
            broker.kill()
            broker.start()
    publishing.join(60)
    code, told = run(tmp_path, kafka, unique, total)
    received, counted, duplicate, late = map(int, told.split())
    assert code == 0
    assert (received, counted + late, duplicate) == (total, total, 0)


def test_two_services_of_one_group_share_the_partitions_and_each_rating_is_in_one_of_them(
    kafka, unique, tmp_path
):
    make_topic(kafka, unique, partitions=4)

    def more(first):
        for partition in range(4):
            numbers = range(first + partition * 50, first + partition * 50 + 50)
            send(kafka, unique, [rating(n) for n in numbers], partition)

    with running(tmp_path / "a", source(kafka, unique), job=JOB) as one:
        soon(lambda: len(one.sources[0].door.partitions()) == 4)
        more(0)
        soon(lambda: one.engine.received == 200)
        with running(tmp_path / "b", source(kafka, unique), job=JOB) as other:
            soon(lambda: len(other.sources[0].door.partitions()) == 2, 30)
            soon(lambda: len(one.sources[0].door.partitions()) == 2)
            more(200)
            soon(lambda: one.engine.received + other.engine.received == 400)
            assert other.engine.received == 100
        soon(lambda: len(one.sources[0].door.partitions()) == 4, 30)
        more(400)  # behind what the other one had of its two meanwhile
        soon(lambda: one.engine.received == 500)
        time.sleep(0.5)
        assert one.engine.received == 500


def test_a_partition_of_an_earlier_run_that_another_process_has_now_holds_no_window(
    kafka, unique, tmp_path
):
    make_topic(kafka, unique, partitions=2)
    send(kafka, unique, [rating(0)], 0)
    send(kafka, unique, [rating(1)], 1)
    with running(tmp_path / "a", source(kafka, unique), job=JOB) as one:
        soon(lambda: one.engine.received == 2)
    with running(tmp_path / "b", source(kafka, unique), job=JOB) as other:
        soon(lambda: len(other.sources[0].door.partitions()) == 2)
        with running(tmp_path / "a", source(kafka, unique), job=JOB) as one:
            soon(lambda: len(other.sources[0].door.partitions()) == 1, 30)
            soon(lambda: len(one.sources[0].door.partitions()) == 1)
            soon(lambda: len(one.engine.engine.partitions) == 1)


def test_a_network_that_holds_everything_is_noticed_and_nothing_is_lost(
    servers, proxy_to, unique, tmp_path
):
    port = free_port()
    proxy = proxy_to(port)
    servers.start(Kafka(port=port, advertised_port=proxy.port))
    kafka = f"{HOST}:{proxy.port}"
    make_topic(kafka, unique)
    send(kafka, unique, [rating(0)])
    quick = {"socket.timeout.ms": 4000, "session.timeout.ms": 45_000}
    with running(tmp_path, source(kafka, unique, **quick), job=JOB) as service:
        soon(lambda: service.engine.received == 1)
        door = service.sources[0].door
        proxy.pause()
        soon(lambda: not door.is_connected, 20)
        proxy.resume()
        send(kafka, unique, [rating(1)])
        soon(lambda: door.is_connected, 30)
        soon(lambda: service.engine.received == 2)


def test_a_full_queue_slows_the_source_and_loses_nothing(kafka, unique, tmp_path, monkeypatch):
    from starwatch.service import inbox  # noqa: PLC0415
    from starwatch.sources import kafka_session  # noqa: PLC0415

    monkeypatch.setattr(inbox, "MOST_RATINGS", 100)
    monkeypatch.setattr(kafka_session, "BULK", 80)
    monkeypatch.setattr(kafka_session, "PATIENT_SECONDS", 0.5)
    make_topic(kafka, unique)
    send(kafka, unique, [rating(n) for n in range(1000)])
    with running(tmp_path, source(kafka, unique), job=JOB) as service:
        with service.operating.lock:  # the engine cannot go on
            soon(lambda: service.inbox.ratings >= 20)
            time.sleep(2)
        soon(lambda: service.engine.received == 1000)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(Pauses, "next", lambda _: 0.2)


@pytest.fixture(scope="module")
def guarded(shared_servers, certificates):
    """A broker with SASL and TLS."""
    return shared_servers.start(
        Kafka(port=free_port(), users={"edge": "right"}, certificate=certificates.server)
    )


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_user_password_and_tls(guarded, certificates, unique, tmp_path, mechanism):
    kafka = f"{HOST}:{guarded.kind.port}"
    security = {
        "security_protocol": "SASL_SSL",
        "ssl_ca_location": str(certificates.authority),
        "sasl_mechanism": mechanism,
        "sasl_username": "edge",
        "sasl_password": "right",
    }
    send(kafka, unique, [rating(0)], **security)
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    choices = {"user": "edge", "password_file": str(secret), "mechanism": mechanism}
    choices |= {"ca_file": str(certificates.authority)}
    with running(tmp_path, source(kafka, unique, **choices), job=JOB) as service:
        soon(lambda: service.sources[0].health.failures, 30)
        assert "refuses" in service.sources[0].health.error
        assert "wrong" not in service.sources[0].health.error
    secret.write_text("right\n")
    with running(tmp_path, source(kafka, unique, **choices), job=JOB) as service:
        soon(lambda: service.engine.received == 1)
