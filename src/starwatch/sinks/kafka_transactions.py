"""Transactions of Kafka that also hold how far they went: a producer that sends each row once."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined]

from starwatch.clients.kafka import Address, made, reason
from starwatch.errors import OutputFailed, RowRefused
from starwatch.failpoints import reached

OWNED = ("enable.idempotence", "transactional.id", "delivery.report.only.error", "group.id")
"""What of librdkafka a user may not decide."""

SETTINGS: Mapping[str, Any] = {
    "client.id": "starwatch",
    "compression.type": "lz4",
    "queue.buffering.max.messages": 1_000_000,  # far more than one write
    "max.in.flight.requests.per.connection": 1,  # else a refused one fails all behind it for long
}

_OF_ONE_ROW = {
    KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.INVALID_MSG_SIZE,
    KafkaError.INVALID_RECORD,
    KafkaError.INVALID_MSG,
    KafkaError.POLICY_VIOLATION,
}
"""What the broker says of a message and not of the topic or itself."""

_SETTLING = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.CONCURRENT_TRANSACTIONS,
    KafkaError.UNSTABLE_OFFSET_COMMIT,
}
SETTLING_SECONDS = 10.0
"""A broker that has just come up says for some seconds that it is too soon."""

_AWAY = {
    KafkaError._TIMED_OUT,  # noqa: SLF001 - so librdkafka calls its own codes
    KafkaError._TRANSPORT,  # noqa: SLF001
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
}

MOST_BYTES = 1_000_000
"""Of messages that are sent as one, by default; the topic may want less."""

_Answer = TypeVar("_Answer")
Headers = list[tuple[str, str | bytes | None]]
KafkaMessage = tuple[bytes, bytes, Headers]
"""Key, value, headers."""


class Transactions:
    """A transactional producer for one topic, opened to go on.

    Args:
        address: The cluster and the topic.
        name: What the sink is called in errors.
        transactional_id: What tells it from all others; also the group whose offset is the number
            of rows that are there.
        timeout: Seconds that an exchange may take.

    Raises:
        OutputFailed: the cluster cannot be reached, or refuses.
    """

    def __init__(
        self, address: Address, *, name: str, transactional_id: str, timeout: float
    ) -> None:
        # configuration
        self._name, self._id, self._timeout = name, transactional_id, timeout
        (self._topic,) = address.topics
        # state
        self._said = ""
        self._failed: list[KafkaError] = []
        self.limit = self._most_bytes(address)
        """Bytes that the topic takes as one."""
        limit_ms = max(round(timeout * 1000), 1000)
        settings = {
            **SETTINGS,
            "socket.timeout.ms": limit_ms,
            "transaction.timeout.ms": limit_ms,
            "batch.size": self.limit,
            **address.config,
            "transactional.id": transactional_id,
            "delivery.report.only.error": True,
            "error_cb": self._hear,
        }
        self._producer: Producer | None = made(lambda: Producer(settings))
        try:
            self._must("cannot be used", self._producer.init_transactions)
            self.held = self._asked_held(address)
            """How many rows are there for certain, by the last transaction."""
        except BaseException:
            self.close()
            raise

    def commit(self, messages: Sequence[KafkaMessage], end: int) -> None:
        """Send messages and the number of rows behind them, in one transaction.

        Raises:
            RowRefused: the topic never takes one of them; none is there.
            OutputFailed: anything else; the producer was let go.
        """
        producer = self._producer
        if producer is None:
            raise OutputFailed(f"{self._name} failed before and takes no more rows")
        self._failed.clear()
        try:
            producer.begin_transaction()
            self._produce(producer, messages)
            self._flush(producer)
            reached("kafka.produced")
            offsets = [TopicPartition(self._topic, 0, end)]
            self._within(producer.send_offsets_to_transaction, offsets, self._group)
            self._within(producer.commit_transaction)
            reached("kafka.committed")
        except KafkaException as error:
            self._give_up(producer, error.args[0])

    def close(self) -> None:
        """Let the producer go. Safe to call twice."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()  # of a transaction that failed; else there is nothing left

    def _give_up(self, producer: Producer, told: KafkaError) -> NoReturn:
        """Abort the transaction. What failed first is known only behind that."""
        if told.fatal() or told.code() in _AWAY:
            self.close()  # opening it again aborts what is left
        else:
            producer.purge()
            producer.flush(self._timeout)  # tells of what failed, for which the abort would wait
            self._must("cannot be written", producer.abort_transaction)
            for error in [told, *self._failed]:
                if error.code() in _OF_ONE_ROW:
                    raise RowRefused(f"{self._name} refuses a row: {reason(error)}") from None
        self.close()
        raise self._failure("cannot be written", told) from None

    def _produce(self, producer: Producer, messages: Sequence[KafkaMessage]) -> None:
        for key, value, headers in messages:
            producer.produce(self._topic, value, key, headers=headers, on_delivery=self._told)
        producer.poll(0)

    def _flush(self, producer: Producer) -> None:
        """Have all messages acknowledged; a commit would do it too, but hear of no failure."""
        left = producer.flush(self._timeout)
        if self._failed:
            raise KafkaException(self._failed[0])
        if left:
            raise KafkaException(_timed_out())

    def _told(self, error: KafkaError | None, _: Message) -> None:
        """The broker did not take a message; later ones of the transaction fail with it."""
        if error is not None:
            self._failed.append(error)

    def _most_bytes(self, address: Address) -> int:
        """How much the topic takes as one; a batch that is larger would be refused as a whole."""
        config: dict[str, Any] = {**_connecting(address), "error_cb": self._hear}
        admin = made(lambda: AdminClient(config))
        resource = ConfigResource(ConfigResource.Type.TOPIC, self._topic)
        asked = admin.describe_configs([resource], request_timeout=self._timeout)[resource]
        try:
            return min(int(asked.result(self._timeout)["max.message.bytes"].value), MOST_BYTES)
        except (KafkaException, TimeoutError, KeyError, TypeError, ValueError):
            return MOST_BYTES  # not there yet, or not ours to ask; then halves are tried

    def _asked_held(self, address: Address) -> int:
        consumer = made(lambda: Consumer({**_connecting(address), "group.id": self._id}))
        try:
            self._group = consumer.consumer_group_metadata()
            wanted = [TopicPartition(self._topic, 0)]
            (found,) = self._within(consumer.committed, wanted)
        except KafkaException as error:
            raise self._failure("cannot be used", error.args[0]) from None
        finally:
            consumer.close()
        if found.error is not None:
            raise self._failure("cannot be used", found.error)
        return max(int(found.offset), 0)

    def _must(self, what: str, call: Callable[[float], object]) -> None:
        """Call something of the producer, all of whose failures end this sink."""
        try:
            self._within(call)
        except KafkaException as error:
            self.close()
            raise self._failure(what, error.args[0]) from None

    def _within(self, call: Callable[..., _Answer], *given: object) -> _Answer:
        """Ask something in time, and again where the answer is that it is too soon."""
        until = time.monotonic() + SETTLING_SECONDS
        while True:
            try:
                return call(*given, self._timeout)
            except KafkaException as error:
                told = error.args[0]
                soon = told.retriable() or told.code() in _SETTLING
                if not soon or told.code() in _AWAY or time.monotonic() >= until:
                    raise
                time.sleep(0.1)

    def _hear(self, error: KafkaError) -> None:
        self._said = reason(error)

    def _failure(self, what: str, error: KafkaError) -> OutputFailed:
        why = self._said if error.code() in _AWAY and self._said else reason(error)
        return OutputFailed(
            f"{self._name} {what}: {why}",
            hint="See that the broker runs, the topic is there, and the user may write to it",
        )


def _connecting(address: Address) -> Mapping[str, Any]:
    """The settings of connections alone, which any client takes."""
    shared = ("bootstrap.", "security.", "sasl.", "ssl.", "socket.", "broker.", "log_level")
    return {name: value for name, value in address.config.items() if name.startswith(shared)}


def _timed_out() -> KafkaError:
    return KafkaError(KafkaError._TIMED_OUT)  # noqa: SLF001 - so librdkafka calls its own codes
