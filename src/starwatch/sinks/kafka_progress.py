"""How many rows lie in a topic, as the offset of a group that transactions move."""

from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from starwatch.clients.kafka import Address, made

AGAIN_MS = 20
"""How soon a client asks again. Markers of a transaction are written some milliseconds behind its
commit, and it is asked right behind it."""


class Progress:
    """The offset of a group that nobody consumes in; only transactions of one producer move it.

    While a transaction that holds the offset has neither its commit marker nor its abort marker,
    the offset is unsettled: what the transaction wrote to the topic is then held back from who
    reads committed messages. Kafka tells the offset behind the last marker, if that is wanted.

    Args:
        address: The cluster and the topic.
        group: The group.
    """

    def __init__(self, address: Address, group: str) -> None:
        self._address, self._group = address, group
        (self._topic,) = address.topics
        self._settled = self._asking("read_committed")
        self.member = self._settled.consumer_group_metadata()
        """What a transaction that moves the offset names."""

    def settled(self, seconds: float) -> int:
        """The number of rows, when the last transaction has all its markers; 0 if none was there.

        Raises:
            KafkaException: the cluster does not answer, or the offset stays unsettled.
        """
        return self._offset(self._settled, seconds)

    def hangs(self, seconds: float) -> bool:
        """Whether the cluster answers and only the offset is unsettled; asked behind `settled`."""
        asking = self._asking("read_uncommitted")  # it is told the offset behind the last marker
        try:
            self._offset(asking, seconds)
        except KafkaException:
            return False
        else:
            return True
        finally:
            asking.close()

    def moved_to(self, rows: int) -> list[TopicPartition]:
        """What a transaction sends to set the number of rows."""
        return [TopicPartition(self._topic, 0, rows)]

    def close(self) -> None:
        """Let the client go."""
        self._settled.close()

    def _offset(self, asking: Consumer, seconds: float) -> int:
        (found,) = asking.committed([TopicPartition(self._topic, 0)], seconds)
        if found.error is not None:
            raise KafkaException(found.error)
        return max(int(found.offset), 0)

    def _asking(self, isolation: str) -> Consumer:
        config: dict[str, Any] = {
            **connecting(self._address),
            "group.id": self._group,
            "isolation.level": isolation,
            "retry.backoff.ms": AGAIN_MS,
        }
        return made(lambda: Consumer(config))


def connecting(address: Address) -> Mapping[str, Any]:
    """The settings of connections alone, which any client takes."""
    shared = ("bootstrap.", "security.", "sasl.", "ssl.", "socket.", "broker.", "log")
    return {name: value for name, value in address.config.items() if name.startswith(shared)}
