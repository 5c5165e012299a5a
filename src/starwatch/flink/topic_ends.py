"""A job's topics at their ends: where those are, what stands before them, and ticks behind it."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from starwatch.clients.kafka import Address, made
from starwatch.clients.ticks import KEY, tick_headers
from starwatch.sources.kafka_bulk import Where, parted
from starwatch.sources.kafka_cluster import ASKING_SECONDS, consumer

_BULK, _GATHER_SECONDS = 10_000, 0.2

_TICK_SECONDS = 10.0
"""A tick that is not acknowledged so long is given up: a later one says more."""


class TopicEnds:
    """The clients of one cluster; used by one thread.

    It is no member of a group, and commits nothing.

    Args:
        address: The cluster.
        topics: The topics that ratings come from.
        prefix: Whose ticks are written.

    Raises:
        BadSetting: librdkafka refuses a setting.
    """

    def __init__(self, address: Address, topics: Sequence[str], prefix: str) -> None:
        self._topics, self._prefix = topics, prefix
        self._consumer: Consumer = consumer(
            address, {"group.id": f"{prefix}ticks", "auto.offset.reset": "earliest"}
        )
        connection = {k: v for k, v in address.config.items() if k.split(".")[0] not in _CONSUMING}
        self._admin: AdminClient = made(lambda: AdminClient(connection))
        settings: dict[str, Any] = {**connection, "message.timeout.ms": int(_TICK_SECONDS * 1000)}
        self._producer: Producer = made(lambda: Producer(settings))

    def close(self) -> None:
        """Let the cluster go."""
        self._consumer.close()

    def ends(self) -> dict[Where, int]:
        """The offset behind the last committed message, of each partition that there is now.

        Raises:
            KafkaException: the cluster does not answer, or refuses.
        """
        found: list[Where] = []
        for topic in self._topics:
            told = self._consumer.list_topics(topic, ASKING_SECONDS).topics[topic]
            found += [(topic, number) for number in sorted(told.partitions)]
        if not found:
            return {}
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = self._admin.list_offsets(
            {TopicPartition(*where): latest for where in found},
            isolation_level=IsolationLevel.READ_COMMITTED,
            request_timeout=ASKING_SECONDS,
        )
        answers = {(part.topic, part.partition): future for part, future in asked.items()}
        return {where: int(answers[where].result(ASKING_SECONDS).offset) for where in found}

    def read(self, spans: Mapping[Where, tuple[int, int]]) -> dict[Where, list[Message]]:
        """The committed messages between two offsets of each partition.

        Raises:
            KafkaException: the cluster does not answer, or refuses.
        """
        left = {where: end for where, (_, end) in spans.items()}
        found: dict[Where, list[Message]] = {where: [] for where in spans}
        self._consumer.assign([TopicPartition(*where, spans[where][0]) for where in spans])
        patient_until = time.monotonic() + ASKING_SECONDS
        while left:
            bulk = parted(self._consumer.consume(_BULK, _GATHER_SECONDS))
            if bulk.errors:
                raise KafkaException(bulk.errors[0][1])
            for where, messages in bulk.data.items():
                found[where] += [each for each in messages if _offset(each) < spans[where][1]]
                patient_until = time.monotonic() + ASKING_SECONDS
            last = {where: _offset(each[-1]) + 1 for where, each in bulk.data.items()} | bulk.ends
            left = {where: end for where, end in left.items() if last.get(where, -1) < end}
            if left and time.monotonic() > patient_until:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001
        self._consumer.unassign()
        return found

    def tick(self, places: Sequence[Where], time_ms: int) -> None:
        """Write a tick into each partition; its record is no older than the time that it tells.

        Raises:
            KafkaException: some were not taken.
        """
        failures: list[KafkaError] = []
        now_ms = time.time_ns() // 1_000_000
        for topic, partition in places:
            self._producer.produce(
                topic,
                None,
                KEY,
                partition=partition,
                headers=tick_headers(self._prefix, time_ms),
                timestamp=max(now_ms, time_ms),
                on_delivery=lambda error, _: failures.append(error) if error else None,
            )
        if self._producer.flush(2 * _TICK_SECONDS):
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001
        if failures:
            raise KafkaException(failures[0])


def _offset(message: Message) -> int:
    return cast("int", message.offset())


_CONSUMING = {"fetch", "auto", "max", "session", "heartbeat", "queued", "isolation", "group"}
_CONSUMING |= {"enable", "partition", "check", "topic"}
"""What the options say of consuming, by the first word of a name; a producer would complain."""
