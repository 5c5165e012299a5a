"""Kafka as tests and users get it: shared, over a kill, with SASL and TLS, behind a proxy."""

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from servers.kafka import Kafka
from servers.ports import HOST, free_port
from servers.processes import wait


def produce(at: dict, topic: str, *values: bytes) -> list[int]:
    """Produce values, each acknowledged by the broker; their offsets."""
    offsets, failures = [], []

    def told(error: object, message: object) -> None:
        failures.append(error) if error else offsets.append(message.offset())

    producer = Producer(at | {"message.timeout.ms": 15_000})
    for value in values:
        producer.produce(topic, value, on_delivery=told)
    assert producer.flush(20) == 0
    assert failures == []
    return offsets


def consume(at: dict, topic: str, count: int, group: str) -> list[bytes]:
    """Read values from where a group was, and commit."""
    settings = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer(at | settings)
    try:
        consumer.subscribe([topic])
        messages = consumer.consume(count, timeout=20)
        consumer.commit(asynchronous=False)
    finally:
        consumer.close()
    return [message.value() for message in messages]


def at(server) -> dict:
    return {"bootstrap.servers": f"{HOST}:{server.kind.advertised_port or server.kind.port}"}


def test_what_is_produced_is_consumed(kafka, unique):
    reach = {"bootstrap.servers": kafka}
    assert produce(reach, unique, b"a", b"b") == [0, 1]
    assert consume(reach, unique, 2, unique) == [b"a", b"b"]


def test_topics_have_ids_and_partitions(kafka, unique):
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.create_topics([NewTopic(unique, 3, 1)])[unique].result(10)
    assert len(admin.list_topics(unique, timeout=10).topics[unique].partitions) == 3


@pytest.mark.slow
def test_a_killed_broker_keeps_messages_and_the_offsets_of_groups(servers, unique):
    broker = servers.start(Kafka(port=free_port()))
    produce(at(broker), unique, b"a", b"b")
    assert consume(at(broker), unique, 2, unique) == [b"a", b"b"]
    broker.kill()
    assert not broker.running
    broker.start()
    assert produce(at(broker), unique, b"c") == [2]
    assert consume(at(broker), unique, 1, unique) == [b"c"]


@pytest.mark.slow
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("password", ["right", "wrong"])
def test_sasl_over_tls(guarded, certificates, unique, mechanism, password):
    reach = at(guarded) | {
        "security.protocol": guarded.kind.protocol,
        "ssl.ca.location": str(certificates.authority),
        "sasl.mechanism": mechanism,
        "sasl.username": "edge",
        "sasl.password": password,
    }
    if password == "right":
        assert produce(reach, unique, b"a") == [0]
    else:
        refused = []
        client = Producer(reach | {"error_cb": lambda error: refused.append(error.name())})
        assert wait(lambda: client.poll(0.05) or "_AUTHENTICATION" in refused, 15)


@pytest.fixture(scope="module")
def guarded(shared_servers, certificates):
    """A broker with SASL and TLS."""
    return shared_servers.start(
        Kafka(port=free_port(), users={"edge": "right"}, certificate=certificates.server)
    )


@pytest.mark.slow
def test_a_proxy_that_holds_everything(servers, proxy_to, unique):
    port = free_port()
    proxy = proxy_to(port)
    broker = servers.start(Kafka(port=port, advertised_port=proxy.port))
    assert produce(at(broker), unique, b"a") == [0]
    proxy.pause()
    producer = Producer(at(broker) | {"message.timeout.ms": 2_000})
    failures = []
    producer.produce(unique, b"b", on_delivery=lambda error, _: failures.append(error))
    producer.flush(10)
    assert [error.name() for error in failures] == ["_MSG_TIMED_OUT"]
    proxy.resume()
    assert consume(at(broker), unique, 1, unique) == [b"a"]
