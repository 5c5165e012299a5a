"""A replay on its way to a real Kafka: order, a broker that is killed, what is refused."""

import json
import threading
import time

import pytest

from live.kafka_ratings import make_topic
from servers.kafka import Kafka
from servers.ports import HOST, free_port
from sinks.test_kafka_sink import messages
from starwatch.errors import BadSetting, OutputFailed
from starwatch.sinks.publishers import Outgoing, open_publisher


def ratings(*numbers):
    fields = [
        {"reviewerID": f"u{n}", "productID": f"p{n % 5}", "rating": 4, "dummy": "a"}
        for n in numbers
    ]
    return [Outgoing(each["productID"], each, json.dumps(each).encode()) for each in fields]


def never():
    return False


@pytest.mark.slow
def test_ratings_of_a_product_lie_in_one_partition_in_their_order(kafka, unique):
    make_topic(kafka, unique, partitions=3)
    publisher = open_publisher(f"kafka://{kafka}/{unique}", {})
    assert publisher.name == f"kafka://{kafka}/{unique}"
    sent = ratings(*range(1000))
    assert publisher.send(sent[:500], never) == 500
    assert publisher.send(sent[500:], never) == 500
    publisher.close(20)
    publisher.close(20)
    assert publisher.acknowledged == 1000
    found = messages(kafka, unique, 3)
    for product in range(5):
        mine = [m for m in found if m.key() == b"p%d" % product]
        assert [m.value() for m in mine] == [r.json for r in sent if r.product == f"p{product}"]
        assert len({m.partition() for m in mine}) == 1


@pytest.mark.slow
def test_a_broker_that_is_killed_is_waited_for_and_gets_each_rating_once(
    servers, unique, monkeypatch, caplog
):
    monkeypatch.setattr("starwatch.sinks.kafka_publisher.MOST_WAITING", 2000)
    broker = servers.start(Kafka(port=free_port()))
    kafka = f"{HOST}:{broker.kind.port}"
    make_topic(kafka, unique)
    publisher = open_publisher(f"kafka://{kafka}/{unique}", {})
    sent = ratings(*range(30_000))
    publisher.send(sent[:1000], never)
    broker.kill()
    rest = threading.Thread(target=publisher.send, args=(sent[1000:], never), daemon=True)
    rest.start()
    time.sleep(2)
    broker.start()
    rest.join(60)
    publisher.close(30)
    assert publisher.acknowledged == 30_000
    assert [m.value() for m in messages(kafka, unique)] == [r.json for r in sent]
    assert caplog.text.count("is away") == 1


@pytest.mark.slow
def test_the_end_may_come_while_it_waits(monkeypatch):
    monkeypatch.setattr("starwatch.sinks.kafka_publisher.MOST_WAITING", 10)
    publisher = open_publisher(f"kafka://{HOST}:{free_port()}/t", {})
    until = time.monotonic() + 0.5
    assert publisher.send(ratings(*range(20)), lambda: time.monotonic() > until) == 10
    began = time.monotonic()
    publisher.close(0.5)
    assert time.monotonic() - began < 3
    assert publisher.acknowledged == 0


@pytest.mark.slow
def test_a_refusal_for_good_is_an_error(servers):
    broker = servers.start(Kafka(port=free_port(), users={"edge": "right"}))
    url = f"kafka://edge:wrong@{HOST}:{broker.kind.port}/t"
    publisher = open_publisher(url, {})

    def send_on():
        for _ in range(100):
            publisher.send(ratings(1), never)
            time.sleep(0.1)

    with pytest.raises(OutputFailed, match="refuses") as error:
        send_on()
    assert "wrong" not in str(error.value)
    publisher.close(0)


def test_what_cannot_be_used_is_said_in_one_line():
    for url, why in (
        ("kafka://h/a,b", "one Kafka topic"),
        ("kafka://h/t?group=x", "'group' is unknown"),
        ("kafka://h/t?message.timeout.ms=1", "decided by Starwatch"),
    ):
        with pytest.raises(BadSetting, match=why):
            open_publisher(url, {})
