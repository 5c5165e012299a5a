"""`starwatch bridge` between real servers, each of which is killed, as the bridge itself is."""

import json
from contextlib import closing
from threading import Thread

import pytest

from bridge.serving import Receiver, listening
from commands import soon
from live.bridge import PATIENCE, Arrived, Posting, bridge
from live.kafka_ratings import make_topic
from live.mqtt import flood
from live.service import say
from servers.kafka import Kafka
from servers.ports import HOST, free_port

pytestmark = pytest.mark.slow


def message(number):
    fields = {"reviewerID": f"A{number}", "productID": f"00{number % 50}", "rating": 5}
    return json.dumps(fields | {"timestamp": 1_500_000_000 + number, "dummy": "a"}).encode()


def line(number):
    return f"{1_500_000_000 + number},A{number},a,5,00{number % 50}\n".encode()


def saved(broker):
    """When it saved last, as the disk has it; 0 where it has not yet."""
    file = broker.folder / "data" / "mosquitto.db"
    return file.stat().st_mtime_ns if file.exists() else 0


def after_a_save(broker):
    """What it had when this was called is on the disk when this returns."""
    for _ in range(2):  # the first may have begun before
        before = saved(broker)
        soon(lambda then=before: saved(broker) > then, seconds=PATIENCE)


def test_mqtt_to_kafka_over_kills_of_all_three(tmp_path, servers, mosquitto, unique):
    kafka = servers.start(Kafka(port=free_port()))
    address = kafka.kind.address().removeprefix("kafka://")
    make_topic(address, unique, partitions=3)
    ways = ("--from", f"mqtt://{HOST}:{mosquitto.kind.port}/ratings")
    ways += ("--to", f"kafka://{address}/{unique}", "--format", "csv")
    with closing(Arrived(address, unique, 3)) as arrived:
        flooding = []

        def flooded():
            for each in flooding:
                each.join(PATIENCE)

        def begin(first, last):
            flooded()  # one at a time, in this order
            payloads = [message(number) for number in range(first, last)]
            flooding.append(Thread(target=flood, args=(mosquitto.kind.port, payloads)))
            flooding[-1].start()

        with bridge(tmp_path, *ways) as first:
            first.says("is read")
            begin(0, 1000)
            soon(lambda: arrived.values, seconds=PATIENCE)
            kafka.freeze()  # so that much is in hand when the bridge is killed
            begin(1000, 2000)
            flooded()
            first.kill()
            kafka.thaw()
        with bridge(tmp_path, *ways) as second:
            second.says("is read")
            begin(2000, 3000)
            kafka.kill()
            second.says("is away")
            begin(3000, 3500)  # these are in hand when the broker is killed
            flooded()
            after_a_save(mosquitto)
            mosquitto.kill()
            mosquitto.start()
            kafka.start()
            begin(3500, 5000)
            wanted = {line(number) for number in range(5000)}
            soon(lambda: arrived.values >= wanted, seconds=PATIENCE)
            assert second.stop() == 0
        assert arrived.values == wanted
        say(f"{len(arrived.messages) - len(wanted)} came more than once")
        by_product = {(m.value().split(b",")[-1].strip(), m.partition()) for m in arrived.messages}
        assert len(by_product) == 50
        assert {(m.key(), m.value().split(b",")[-1].strip()) for m in arrived.messages} == {
            (product, product) for product, _ in by_product
        }
    assert " in hand 0;" in second.said[-1]
    assert not second.refused.exists()


def test_http_to_kafka_over_kills_of_both(tmp_path, servers, unique):
    kafka = servers.start(Kafka(port=free_port()))
    address = kafka.kind.address().removeprefix("kafka://")
    make_topic(address, unique)
    url = f"http://{HOST}:{free_port()}/in"
    ways = ("--from", url, "--to", f"kafka://{address}/{unique}", "--format", "csv")
    with (
        closing(Arrived(address, unique, 1)) as arrived,
        Posting(url, range(400), message) as posting,
    ):
        with bridge(tmp_path, *ways) as first:
            soon(lambda: len(posting.taken) > 50, seconds=PATIENCE)
            kafka.kill()
            first.says("is away")
            kafka.start()
            soon(lambda: len(posting.taken) > 150, seconds=PATIENCE)
            first.kill()
        with bridge(tmp_path, *ways) as second:
            soon(lambda: len(posting.taken) == 400, seconds=PATIENCE)
            assert second.stop() == 0
        wanted = set(map(line, range(400)))
        soon(lambda: arrived.values >= wanted, seconds=PATIENCE)
        assert arrived.values == wanted


def test_all_that_nifi_was_measured_at_comes_out_to_the_byte(
    tmp_path, mosquitto, kafka, unique, shared_data
):
    cases = json.loads((shared_data / "nifi_convertrecord.json").read_text())
    assert len(cases) == 30
    make_topic(kafka, unique)
    ways = ("--from", f"mqtt://{HOST}:{mosquitto.kind.port}/ratings", "--format", "csv")
    ways += ("--to", f"kafka://{kafka}/{unique}", "--key", "none")
    expected = [text.encode() for case in cases for text in case["kafka"]]
    with bridge(tmp_path, *ways) as running, closing(Arrived(kafka, unique, 1)) as arrived:
        running.says("is read")
        flood(mosquitto.kind.port, [case["mqtt"].encode() for case in cases])
        soon(lambda: arrived.values and len(arrived.messages) >= len(expected), seconds=PATIENCE)
        assert running.stop() == 0
        assert arrived.values == set(expected)
    assert [message.value() or b"" for message in arrived.messages] == expected
    refused = [json.loads(each)["raw"] for each in running.refused.read_text().splitlines()]
    assert refused == [case["mqtt"] for case in cases if not case["kafka"]]


def test_mqtt_to_http_over_kills_of_both(tmp_path, mosquitto):
    port = free_port()
    source = f"mqtt://{HOST}:{mosquitto.kind.port}/ratings"
    ways = ("--from", source, "--to", f"http://{HOST}:{port}/in")
    wanted = list(map(message, range(600)))
    with bridge(tmp_path, *ways) as first:
        first.says("is read")
        flood(mosquitto.kind.port, wanted[:300])
        with Receiver(port) as away:
            soon(lambda: len(away.bodies) > 50, seconds=PATIENCE)
        flood(mosquitto.kind.port, wanted[300:])
        after_a_save(mosquitto)
        mosquitto.kill()
        mosquitto.start()
        first.kill()
    with Receiver(port) as back, bridge(tmp_path, *ways) as second:
        soon(lambda: {*away.bodies, *back.bodies} >= set(wanted), seconds=PATIENCE)
        assert second.stop() == 0
    assert {*away.bodies, *back.bodies} == set(wanted)
    say(f"{len(away.bodies) + len(back.bodies) - len(wanted)} came more than once")


def test_a_message_that_the_topic_refuses_costs_its_neighbours_nothing(tmp_path, kafka, unique):
    make_topic(kafka, unique, max_message_bytes=2000)
    to = f"kafka://{kafka}/{unique}?compression.type=none&linger.ms=200"
    with Receiver(), listening(tmp_path, to) as (post, running):
        small = [b"%d" % number for number in range(20)]
        bodies = [*small[:10], b"x" * 1500, b"y" * 2500, *small[10:], b"z" * 1_500_000]
        answers = {}

        def send(body):
            answers[body] = post(body)[0]

        threads = [Thread(target=send, args=(body,)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        refused = {b"y" * 2500, b"z" * 1_500_000}
        assert answers == {body: 422 if body in refused else 200 for body in bodies}
    with closing(Arrived(kafka, unique, 1)) as arrived:
        soon(lambda: arrived.values == set(bodies) - refused, seconds=PATIENCE)
    assert running.books.refused == 2
    assert running.refused.read_text().count('"raw":"yyy') == 1


def test_a_wrong_password_ends_it_in_one_line(tmp_path, servers):
    kafka = servers.start(Kafka(port=free_port(), users={"ann": "right"}))
    address = kafka.kind.address().removeprefix("kafka://")
    line = ("--from", f"http://{HOST}:{free_port()}/in")
    with bridge(tmp_path, *line, "--to", f"kafka://ann:wrong@{address}/t") as running:
        assert running.child.wait(PATIENCE) == 1
        running.says("error: kafka://")
    assert "wrong" not in "".join(running.said)


def test_a_topic_that_is_made_later_gets_what_waits(tmp_path, servers, unique, caplog):
    kafka = servers.start(Kafka(port=free_port(), settings={"auto.create.topics.enable": "false"}))
    address = kafka.kind.address().removeprefix("kafka://")
    to = f"kafka://{address}/{unique}?topic.metadata.propagation.max.ms=500"
    answers = []
    with listening(tmp_path, to) as (post, running):
        bodies = [b"%d" % number for number in range(10)]
        threads = [Thread(target=lambda b=body: answers.append(post(b)[0])) for body in bodies]
        for thread in threads:
            thread.start()
        soon(lambda: "it is tried again" in caplog.text, seconds=PATIENCE)
        make_topic(address, unique)
        for thread in threads:
            thread.join(PATIENCE)
        with closing(Arrived(address, unique, 1)) as arrived:
            soon(lambda: arrived.values == set(bodies), seconds=PATIENCE)
    assert answers == [200] * 10
    assert running.books.line() == "taken 10, delivered 10, refused 0, in hand 0; redelivered 0"
