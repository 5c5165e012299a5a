"""What a Kafka source asks the cluster: ids of topics, their bounds, the group's place."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from starwatch.clients.kafka import AWAY, Address, code, made, reason
from starwatch.errors import SourceFailed
from starwatch.sources.kafka_bulk import Where

ASKING_SECONDS = 10.0
"""How long the cluster may take to answer; a healthy one takes milliseconds."""

CONFIG: Mapping[str, Any] = {
    "client.id": "starwatch",
    "enable.auto.commit": False,
    "auto.offset.reset": "error",  # an offset that is gone is for us to tell
    "enable.partition.eof": True,
    "partition.assignment.strategy": "cooperative-sticky",
    "allow.auto.create.topics": False,
    "statistics.interval.ms": 1000,
}
_DEFAULTS: Mapping[str, Any] = {
    "session.timeout.ms": 10_000,  # a killed process holds its partitions so long
    "queued.max.messages.kbytes": 16_384,
    "topic.metadata.refresh.interval.ms": 1_000,  # new partitions are found so soon
}
OWNED = frozenset({*CONFIG, "group.id", "group.instance.id"})
"""What of librdkafka a user may not decide."""

_LOOK_SECONDS = 0.1

_SILENT_US = 3_000_000
"""A broker answers at least every half second, with nothing where there is nothing."""

_SHARED = {"bootstrap", "security", "sasl", "ssl", "socket", "broker", "client"}
_SHARED |= {"log_level", "logger"}
"""What the options say of connections, and not of consuming, by the first word of a name."""

_GONE = KafkaError.UNKNOWN_TOPIC_OR_PART


def consumer(address: Address, config: Mapping[str, Any]) -> Consumer:
    """A consumer of a cluster; nothing is connected yet.

    Args:
        address: The cluster.
        config: Group and callbacks.

    Raises:
        BadSetting: librdkafka refuses a setting.
    """
    settings = {**_DEFAULTS, **address.config, **CONFIG, **config}
    return made(lambda: Consumer(settings))


class Topics:
    """The ids of topics, as the cluster has them now.

    Args:
        address: The cluster.
        refusal: Told of errors, as of a wrong password.
        check: Raises what refuses, while an answer is waited for.
    """

    def __init__(
        self,
        address: Address,
        *,
        refusal: Callable[[KafkaError], None],
        check: Callable[[], None],
    ) -> None:
        self._name = address.name
        self._refusal, self._check = refusal, check
        self._said = ""
        shared = {k: v for k, v in address.config.items() if k.partition(".")[0] in _SHARED}
        config = {"client.id": "starwatch", **shared, "error_cb": self._hear}
        self._client: AdminClient = made(lambda: AdminClient(config))

    def asked(self, topics: Iterable[str]) -> dict[str, Future[Any]]:
        """Ask for the ids without waiting; for `answered`."""
        names = TopicCollection(list(topics))
        asked: dict[str, Future[Any]] = self._client.describe_topics(
            names, request_timeout=ASKING_SECONDS
        )
        return asked

    def answered(self, asked: Mapping[str, Future[Any]]) -> dict[str, str | None]:
        """The ids by name; None for a topic that is not there.

        Raises:
            SourceFailed: the cluster did not answer, or refused.
        """
        return {topic: self._answer(future) for topic, future in asked.items()}

    def ids(self, topics: Iterable[str]) -> dict[str, str | None]:
        """Ask and wait.

        Raises:
            SourceFailed: the cluster did not answer, or refused.
        """
        return self.answered(self.asked(topics))

    def poll(self) -> None:
        """Hear of errors.

        Raises:
            SourceFailed: the cluster refuses.
        """
        self._client.poll(0)
        self._check()

    def _answer(self, future: Future[Any]) -> str | None:
        while True:
            try:
                return str(future.result(_LOOK_SECONDS).topic_id)
            except KafkaException as error:
                if code(error) == _GONE:
                    return None
                self.poll()
                why = self._said or reason(error)
                raise SourceFailed(f"{self._name} does not answer: {why}", hint=AWAY) from None
            except TimeoutError:  # of this look only: the client itself gives up in time
                self.poll()

    def _hear(self, error: KafkaError) -> None:
        self._said = reason(error)
        self._refusal(error)


def group_places(
    consumer: Consumer, parts: Sequence[TopicPartition]
) -> list[tuple[int | None, str]]:
    """For each partition, what the group committed and what was written to it; None for nothing.

    Raises:
        KafkaException: the cluster did not answer.
    """
    found = []
    for part in consumer.committed(list(parts), timeout=ASKING_SECONDS):
        if part.error is not None:
            raise KafkaException(part.error)
        found.append((part.offset if part.offset >= 0 else None, part.metadata or ""))
    return found


def bounds(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    """The first offset that the broker has, and the one behind the last.

    Raises:
        KafkaException: the cluster did not answer.
    """
    part = TopicPartition(topic, partition)
    found: tuple[int, int] | None = consumer.get_watermark_offsets(part, timeout=ASKING_SECONDS)
    if found is None:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001
    return found


class _Broker(msgspec.Struct):
    state: str = ""
    rxidle: int = 0
    toppars: dict[str, msgspec.Raw] = {}


class _Partition(msgspec.Struct):
    hi_offset: int = -1
    ls_offset: int = -1  # behind the last transaction that has ended


class _Topic(msgspec.Struct):
    partitions: dict[int, _Partition] = {}


class _Statistics(msgspec.Struct):
    brokers: dict[str, _Broker] = {}
    topics: dict[str, _Topic] = {}


_STATISTICS = msgspec.json.Decoder(_Statistics)


@dataclass(frozen=True, slots=True)
class Seen:
    """What librdkafka tells of itself once a second.

    Attributes:
        answering: Whether all brokers that hold assigned partitions have answered within three
            seconds.
        ends: By topic and partition, the end as the last answer had it; none where there was none.
    """

    answering: bool
    ends: dict[Where, int]


def seen(statistics: str) -> Seen:
    """Read librdkafka's statistics, which are JSON."""
    told = _STATISTICS.decode(statistics)
    ours = [broker for broker in told.brokers.values() if broker.toppars]
    ends = {
        (topic, number): partition.ls_offset if partition.ls_offset >= 0 else partition.hi_offset
        for topic, parts in told.topics.items()
        for number, partition in parts.partitions.items()
    }
    return Seen(
        bool(ours) and all(b.state == "UP" and b.rxidle < _SILENT_US for b in ours),
        {where: end for where, end in ends.items() if end >= 0},
    )
