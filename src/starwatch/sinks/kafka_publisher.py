"""Sends a replay to a topic of Kafka: `replay --to kafka://HOST:PORT/TOPIC`."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from starwatch.clients.kafka import REFUSALS, Address, read_address, reason
from starwatch.clients.kafka_producer import OWNED, patient_producer
from starwatch.errors import BadSetting, OutputFailed
from starwatch.sinks.publishers import Outgoing

MOST_WAITING = 100_000
"""Messages that are not acknowledged, at most; a second or less of a fast replay."""

_LOOK_SECONDS = 0.1
_LOG = logging.getLogger(__name__)


class KafkaPublisher:
    """Ratings as messages: the key is the product, the value the JSON of the reference's script.

    Guarantee: ratings of a product lie in one partition, in their order, each once while this
    process lives (an idempotent producer); what is not acknowledged when it is killed may be there
    or not. A broker that is away is waited for without end, and what was not acknowledged is kept.

    Args:
        address: The cluster and one topic.
    """

    def __init__(self, address: Address) -> None:
        self.name = address.name
        (self._topic,) = address.topics
        self._acknowledged = self._waiting = 0
        self._refusal: KafkaError | None = None
        self._away = False
        self._producer: Producer | None = patient_producer(address, self._hear)

    @property
    def acknowledged(self) -> int:
        """How many ratings the broker has taken over."""
        return self._acknowledged

    def send(self, ratings: Sequence[Outgoing], stopped: Callable[[], bool]) -> int:
        """Hand over ratings in order; waits while too many are not acknowledged.

        Raises:
            OutputFailed: the broker refuses for good.
        """
        producer = self._producer
        if producer is None:
            return 0
        for taken, rating in enumerate(ratings):
            while self._waiting >= MOST_WAITING:
                producer.poll(_LOOK_SECONDS)
                self._check()
                if stopped():
                    return taken
            producer.produce(
                self._topic, rating.json, rating.product.encode(), on_delivery=self._told
            )
            self._waiting += 1
        producer.poll(0)
        self._check()
        return len(ratings)

    def close(self, seconds: float) -> None:
        """Wait so long at most for what is not acknowledged, then let go. Safe to call twice."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        until = time.monotonic() + seconds
        while self._waiting and self._refusal is None and time.monotonic() < until:
            producer.poll(min(_LOOK_SECONDS, max(until - time.monotonic(), 0)))
        producer.purge()

    def _told(self, error: KafkaError | None, _: Message) -> None:
        self._waiting -= 1
        if error is None:
            self._acknowledged += 1
            if self._away:
                self._away = False
                _LOG.info("%s answers again", self.name)
        elif error.code() != KafkaError._PURGE_QUEUE and self._refusal is None:  # noqa: SLF001
            self._refusal = error

    def _hear(self, error: KafkaError) -> None:
        if error.code() in REFUSALS:
            self._refusal = error
        elif error.code() == KafkaError._ALL_BROKERS_DOWN and not self._away:  # noqa: SLF001
            self._away = True
            _LOG.warning("%s is away; it is tried until it comes: %s", self.name, reason(error))

    def _check(self) -> None:
        if self._refusal is not None:
            raise OutputFailed(
                f"{self.name} refuses: {reason(self._refusal)}",
                hint="See that the topic is there, and that user and password are right",
            )


def kafka_publisher(url: str, options: Mapping[str, Any]) -> KafkaPublisher:
    """A publisher for a URL, which connects by itself.

    Raises:
        BadSetting: the URL or an option cannot be used.
    """
    address = read_address(url, options, known=(), owned=OWNED)
    if len(address.topics) > 1:
        raise BadSetting("a replay is sent to one Kafka topic", hint="Name one")
    return KafkaPublisher(address)
