"""Messages of topics between two offsets, as one gets them who reads what is committed."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Any, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from starwatch.clients.kafka import AWAY, DENIED, REFUSALS, Address, code, reason
from starwatch.clients.ticks import is_tick
from starwatch.errors import SourceFailed
from starwatch.sources.kafka_bulk import Where
from starwatch.sources.kafka_cluster import ASKING_SECONDS, bounds, consumer, group_places

BULK, GATHER_SECONDS = 10_000, 0.1

SILENT_SECONDS = 60.0
"""How long a broker may give nothing, neither a message nor an end."""

Span = tuple[int, int]
"""The first offset, and the one behind the last."""


def for_the_books(messages: Sequence[Message]) -> int:
    """How many of some messages are for the books: all but ticks, for others are rejects at least.

    Whatever the job passes over without a word is to be left out here, and nowhere else.
    """
    return sum(not is_tick(message) for message in messages)


class TopicReader:
    """Reads topics without being a member of the group, which it disturbs in nothing.

    Args:
        address: The cluster and the topics.
        group: Whose place is asked for.

    Raises:
        BadSetting: librdkafka refuses a setting.
    """

    def __init__(self, address: Address, group: str) -> None:
        self._name = address.name
        self._said = ""
        config: dict[str, Any] = {
            "group.id": group,
            "isolation.level": "read_committed",
            "error_cb": self._hear,
        }
        self._consumer: Consumer = consumer(address, config)

    def close(self) -> None:
        """Let the cluster go."""
        self._consumer.close()

    def partitions(self, topics: Sequence[str]) -> list[Where]:
        """All partitions of these topics.

        Raises:
            SourceFailed: the cluster does not answer, or a topic is not there.
        """
        found: list[Where] = []
        for topic in topics:
            asking = partial(self._consumer.list_topics, topic, ASKING_SECONDS)
            parts = self._asked(asking).topics[topic].partitions
            if not parts:
                raise SourceFailed(
                    f"there is no topic {topic} at {self._name.split('/')[2]}",
                    hint="Submit the job and make its topics, or mend the settings",
                )
            found += [(topic, number) for number in sorted(parts)]
        return found

    def bounds(self, where: Where) -> Span:
        """The first offset that the broker has, and the one behind the last.

        Raises:
            SourceFailed: the cluster does not answer.
        """
        span: Span = self._asked(lambda: bounds(self._consumer, *where))
        return span

    def told(self, places: Sequence[Where]) -> dict[Where, int | None]:
        """How far the group is in each partition; None where it was told nothing.

        Raises:
            SourceFailed: the cluster does not answer.
        """
        parts = [TopicPartition(*where) for where in places]
        found = self._asked(lambda: group_places(self._consumer, parts))
        return {where: offset for where, (offset, _) in zip(places, found, strict=True)}

    def read(
        self, spans: Mapping[Where, Span], take: Callable[[Where, Sequence[Message]], None]
    ) -> None:
        """Give all messages of some spans, those of a partition in order.

        Raises:
            SourceFailed: the cluster does not answer, or has let messages go meanwhile.
        """
        left = {where: span for where, span in spans.items() if span[0] < span[1]}
        parts = [TopicPartition(*where, low) for where, (low, _) in left.items()]
        self._asked(lambda: self._consumer.incremental_assign(parts))
        heard = monotonic()
        while left:
            bulk = self._asked(lambda: self._consumer.consume(BULK, GATHER_SECONDS))
            heard = monotonic() if bulk else heard
            if monotonic() - heard > SILENT_SECONDS:
                raise SourceFailed(
                    f"{self._name} gives nothing for {SILENT_SECONDS:g} s", hint=AWAY
                )
            for where, messages in self._parted(bulk, left).items():
                take(where, messages)

    def count(self, spans: Mapping[Where, Span]) -> dict[Where, int]:
        """How many messages for the books stand in each span.

        Raises:
            SourceFailed: as `read`.
        """
        counted = dict.fromkeys(spans, 0)

        def take(where: Where, messages: Sequence[Message]) -> None:
            counted[where] += for_the_books(messages)

        self.read(spans, take)
        return counted

    def _parted(
        self, bulk: Sequence[Message], left: dict[Where, Span]
    ) -> dict[Where, list[Message]]:
        """Messages by partition; those that have come to their end are taken out of `left`."""
        found: dict[Where, list[Message]] = {}
        for message in bulk:
            where = cast("Where", (message.topic(), message.partition()))
            offset, error = cast("int", message.offset()), message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
                raise SourceFailed(f"{self._name} cannot be read: {reason(error)}", hint=AWAY)
            if where not in left or offset < left[where][0]:  # of another span, or behind this one
                continue
            high = left[where][1]
            if error is None and offset < high:
                found.setdefault(where, []).append(message)
            if error is not None or offset >= high - 1:
                del left[where]
                self._consumer.incremental_unassign([TopicPartition(*where)])
        return found

    def _asked(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except KafkaException as error:
            if code(error) in REFUSALS:
                why = f"{self._name} refuses: {reason(error)}"
                raise SourceFailed(why, hint=DENIED) from None
            self._consumer.poll(0)  # librdkafka tells the cause behind its own back
            why = f"{self._name} does not answer: {self._said or reason(error)}"
            raise SourceFailed(why, hint=AWAY) from None

    def _hear(self, error: KafkaError) -> None:
        if error.code() != KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - it names no cause
            self._said = reason(error)
