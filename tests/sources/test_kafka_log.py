"""What librdkafka says itself goes through the log, as everything does, and never past it."""

from dataclasses import replace

import pytest
from confluent_kafka import Consumer, Producer

from service.serving import soon
from starwatch.clients.kafka import read_address
from starwatch.sinks.kafka_progress import connecting
from starwatch.sources.kafka_cluster import Topics, consumer

GROUP = {"group.id": "g"}


def address():
    """A cluster that is not there; of it librdkafka says all that it can."""
    found = read_address("kafka://127.0.0.1:9/t", {}, known=(), owned=())
    return replace(found, config={**found.config, "log_level": 7})


def asking():
    return Topics(address(), refusal=lambda _: None, check=lambda: None)


CLIENTS = {
    "consumer": lambda: consumer(address(), GROUP),
    "topics": lambda: asking()._client,  # noqa: SLF001
    "producer": lambda: Producer(dict(address().config)),
    "progress": lambda: Consumer({**connecting(address()), **GROUP}),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_each_client_speaks_through_the_log(name, caplog, capfd):
    client = CLIENTS[name]()

    def said():
        client.poll(0.1)
        return "Connection refused" in caplog.text

    soon(said)
    assert {record.name for record in caplog.records} == {"starwatch.clients.kafka"}
    assert capfd.readouterr().err == ""
