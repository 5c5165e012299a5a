"""Topics of a Kafka cluster that are made for a run, and dropped behind it."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from starwatch.clients.kafka import Address, made, reason
from starwatch.clients.ticks import KEY, tick_headers
from starwatch.conformance.clock import Record, TickRecord
from starwatch.errors import RunError

PREFIX = "starwatch-conformance-"

_SECONDS = 60.0
"""How long the cluster may take to answer."""

_KEPT = {"retention.ms": "-1", "message.timestamp.type": "CreateTime"}
"""Times here are long past, and what is that old would be let go."""

_AT_ONCE, _PAUSE = 5_000, 0.1
"""Messages that are read together, and seconds that they are waited for."""

_END = KafkaError._PARTITION_EOF  # noqa: SLF001 - so librdkafka calls its own codes

_HINT = "See that --kafka is right, and that it may make and delete topics"

_Answer = TypeVar("_Answer")


class Topics:
    """Makes topics whose names nobody else has; `drop` removes them and their groups.

    Args:
        address: The cluster.
    """

    def __init__(self, address: Address) -> None:
        self.prefix = f"{PREFIX}{uuid.uuid4().hex[:12]}-"
        self._address = address
        self._admin = made(lambda: AdminClient(dict(address.config)))
        self._made: list[str] = []

    def make(self, partitions: dict[str, int]) -> None:
        """Make topics, by name with their number of partitions; names begin with `prefix`.

        Raises:
            RunError: the cluster does not answer or refuses.
        """
        new = [NewTopic(name, number, config=_KEPT) for name, number in partitions.items()]
        self._made += partitions
        for told in self._admin.create_topics(new, request_timeout=_SECONDS).values():
            self._answer(told.result)

    def drop(self, groups: Sequence[str] = ()) -> None:
        """Remove all topics that were made, and consumer groups; what is gone already is no fault.

        Raises:
            RunError: the cluster does not answer or refuses.
        """
        told = list(self._admin.delete_topics(self._made).values()) if self._made else []
        self._made = []
        for each in told:
            self._answer(each.result)
        if groups:
            for each in self._admin.delete_consumer_groups(list(groups)).values():
                each.exception()  # a group that committed nothing is not there

    def send(self, topic: str, records: Sequence[Record], ticks_for: str) -> None:
        """Send messages and ticks with their times, each partition in order.

        Args:
            topic: Where to.
            records: What; ticks go into the first partition, for no stream with several has any.
            ticks_for: The prefix of the job that ticks are for.

        Raises:
            RunError: one was not taken.
        """
        failures: list[Any] = []
        settings = dict(self._address.config) | {"enable.idempotence": True, "linger.ms": 5}
        producer = made(lambda: Producer(settings))

        def told(error: Any, _: Any) -> None:
            if error is not None:
                failures.append(error)

        for part in records:
            for each in _fields(part, ticks_for):
                while True:
                    try:
                        producer.produce(topic, on_delivery=told, **each)
                        break
                    except BufferError:
                        producer.poll(0.1)
            producer.poll(0)
        left = producer.flush(_SECONDS)
        if left or failures:
            why = reason(failures[0]) if failures else "it does not answer"
            raise RunError(f"{self._name} has not taken all messages: {why}", hint=_HINT)

    def committed(self, topic: str) -> Iterator[bytes]:
        """The committed lines of a topic of one partition, up to its end.

        Raises:
            RunError: the cluster does not answer.
        """
        settings = dict(self._address.config) | {
            "group.id": topic,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
        consumer = made(lambda: Consumer(settings))
        silent = 0.0
        try:
            consumer.assign([TopicPartition(topic, 0, 0)])
            while silent < _SECONDS:
                found = consumer.consume(_AT_ONCE, _PAUSE)
                silent = 0.0 if found else silent + _PAUSE
                for message in found:
                    error = message.error()
                    if error is None:
                        yield message.value() or b""
                    elif error.code() == _END:
                        return
                    else:
                        raise RunError(f"{self._name} refuses: {reason(error)}", hint=_HINT)
            raise RunError(f"{self._name} does not answer", hint=_HINT)
        finally:
            consumer.close()

    @property
    def _name(self) -> str:
        return f"Kafka at {self._address.hosts}"

    def _answer(self, result: Callable[[], _Answer]) -> _Answer:
        try:
            return result()
        except KafkaException as error:
            raise RunError(f"{self._name} refuses: {reason(error)}", hint=_HINT) from None


def _fields(record: Record, ticks_for: str) -> Iterator[dict[str, Any]]:
    """What Kafka is to hold, one record each."""
    if isinstance(record, TickRecord):
        headers = tick_headers(ticks_for, record.time_ms)
        yield {"key": KEY, "headers": headers, "partition": 0, "timestamp": record.at_ms}
        return
    columns = (record.values, record.partition.tolist(), record.at_ms.tolist())
    for value, partition, at_ms in zip(*columns, strict=True):
        yield {"value": value, "partition": partition, "timestamp": at_ms}
