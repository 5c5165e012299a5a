"""Transactions of Kafka that also hold how far they went: a producer that sends each row once."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined]

from starwatch.clients.kafka import Address, made, reason
from starwatch.errors import OutputFailed, RowRefused
from starwatch.failpoints import reached
from starwatch.sinks.kafka_progress import Progress, connecting

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

_LOG = logging.getLogger(__name__)
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
        self._there = False  # the topic
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
        self._progress: Progress | None = None
        try:
            self._init(self._producer)
            self._progress = Progress(address, transactional_id)
            self.held = self._asked_held(self._producer, self._progress)
            """How many rows are there for certain, by the last transaction."""
        except KafkaException as error:
            self.close()
            raise self._failure("cannot be used", error.args[0]) from None
        except BaseException:
            self.close()
            raise

    def commit(self, messages: Sequence[KafkaMessage], end: int) -> None:
        """Send messages and the number of rows behind them, in one transaction.

        Raises:
            RowRefused: the topic never takes one of them; none is there.
            OutputFailed: anything else; the producer was let go.
        """
        producer, progress = self._producer, self._progress
        if producer is None or progress is None:
            raise OutputFailed(f"{self._name} failed before and takes no more rows")
        self._failed.clear()
        try:
            self._begin(producer, progress, end)
            self._produce(producer, messages)
            self._flush(producer)
            reached("kafka.produced")
            self._within(producer.commit_transaction)
            reached("kafka.committed")
        except KafkaException as error:
            self._give_up(producer, progress, error.args[0])
        self._see(progress, end)

    def close(self) -> None:
        """Let the clients go. Safe to call twice."""
        producer, self._producer = self._producer, None
        progress, self._progress = self._progress, None
        if producer is not None:
            producer.purge()  # of a transaction that failed; else there is nothing left
        if progress is not None:
            progress.close()

    def _give_up(self, producer: Producer, progress: Progress, told: KafkaError) -> NoReturn:
        """Abort the transaction. What failed first is known only behind that."""
        if told.fatal() or told.code() in _AWAY:
            self.close()  # opening it again aborts what is left
        else:
            producer.purge()
            producer.flush(self._timeout)  # tells of what failed, for which the abort would wait
            self._must("cannot be written", producer.abort_transaction)
            self._must("cannot be written", progress.settled)  # as in `_see`
            for error in [told, *self._failed]:
                if error.code() in _OF_ONE_ROW:
                    raise RowRefused(f"{self._name} refuses a row: {reason(error)}") from None
        self.close()
        raise self._failure("cannot be written", told) from None

    def _init(self, producer: Producer) -> None:
        """Have the coordinator end what an earlier producer left open.

        This may take it longer than the timeout: it has just come up, or is busy. A new producer
        would have to begin from the start, so this one goes on asking; unless no broker is there.
        """
        until = time.monotonic() + SETTLING_SECONDS
        while True:
            try:
                self._within(producer.init_transactions)
            except KafkaException as error:
                if error.args[0].code() not in _AWAY or self._said or time.monotonic() >= until:
                    raise
            else:
                return

    def _begin(self, producer: Producer, progress: Progress, end: int) -> None:
        """Begin a transaction with the number of rows behind it.

        The number goes first: so no row is ever in a transaction that the offset does not tell of.
        """
        if not self._there:
            self._partitions(producer)
        producer.begin_transaction()
        offsets = progress.moved_to(end)
        self._within(producer.send_offsets_to_transaction, offsets, progress.member)

    def _partitions(self, producer: Producer) -> list[int]:
        """The partitions of the topic, which is made by asking where the broker does so."""
        until = time.monotonic() + SETTLING_SECONDS
        while True:
            topic = producer.list_topics(self._topic, self._timeout).topics[self._topic]
            self._there = topic.error is None and bool(topic.partitions)
            if self._there or time.monotonic() >= until:
                return list(topic.partitions)
            time.sleep(0.1)

    def _see(self, progress: Progress, end: int) -> None:
        """Know that the last transaction has its markers, before anyone takes it for done.

        A commit is answered before the markers are written. A broker that is killed between the
        two writes them when it comes back, as a rule. But a coordinator that finds no leader to
        send them to takes the partition for deleted and forgets them (KAFKA-5202), and while a
        broker comes up there is a moment without leaders. What was "committed" is then held back
        from readers for ever, and an abort of this producer's next transaction would undo it.
        """
        held = self._must("cannot be written", progress.settled)
        if held != end:
            self.close()
            raise OutputFailed(
                f"{self._name} holds {held} rows, not {end}: a transaction was undone",
                hint="See that nothing else uses its transactional id; it is tried again",
            )

    def _asked_held(self, producer: Producer, progress: Progress) -> int:
        """How many rows are there; a transaction that hangs is ended first.

        Behind `init_transactions` none of this id is open. An offset that stays unsettled all the
        same belongs to one whose markers were forgotten (see `_see`). Nobody was told that its rows
        are there; they are given again.
        """
        try:
            return self._within(progress.settled)
        except KafkaException as error:
            if error.args[0].code() not in _AWAY or not progress.hangs(self._timeout):
                raise
        self._end_hanging(producer, progress)
        return self._within(progress.settled)

    def _end_hanging(self, producer: Producer, progress: Progress) -> None:
        """Abort a transaction in all partitions; markers count for all that was open before."""
        _LOG.warning("%s: Kafka left a transaction without an end; it is aborted", self._name)
        partitions = self._partitions(producer)
        self._begin(producer, progress, 0)
        for partition in partitions:
            producer.produce(self._topic, b"", partition=partition, on_delivery=self._told)
        self._flush(producer)
        self._within(producer.abort_transaction)

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
        config: dict[str, Any] = {**connecting(address), "error_cb": self._hear}
        admin = made(lambda: AdminClient(config))
        resource = ConfigResource(ConfigResource.Type.TOPIC, self._topic)
        asked = admin.describe_configs([resource], request_timeout=self._timeout)[resource]
        try:
            return min(int(asked.result(self._timeout)["max.message.bytes"].value), MOST_BYTES)
        except (KafkaException, TimeoutError, KeyError, TypeError, ValueError):
            return MOST_BYTES  # not there yet, or not ours to ask; then halves are tried

    def _must(self, what: str, call: Callable[[float], _Answer]) -> _Answer:
        """Ask something all of whose failures end this sink."""
        try:
            return self._within(call)
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


def _timed_out() -> KafkaError:
    return KafkaError(KafkaError._TIMED_OUT)  # noqa: SLF001 - so librdkafka calls its own codes
