"""What one call to Kafka's consumer gives, parted: messages by partition, ends, errors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaError, Message
from numpy.typing import NDArray

from starwatch.ratings.batch import NO_TIME, Decoded

_END = KafkaError._PARTITION_EOF  # noqa: SLF001 - so librdkafka calls its own codes

Where = tuple[str, int]
"""Topic and partition."""


@dataclass(slots=True)
class Bulk:
    """Messages of one call.

    Attributes:
        data: Messages by topic and partition, each in the order of offsets.
        ends: By topic and partition, the offset behind which the broker had nothing more.
        errors: What else was said, and of which topic and partition.
    """

    data: dict[Where, list[Message]] = field(default_factory=dict)
    ends: dict[Where, int] = field(default_factory=dict)
    errors: list[tuple[Where, KafkaError]] = field(default_factory=list)


def parted(messages: Sequence[Message]) -> Bulk:
    """Part what a call gave."""
    bulk = Bulk()
    data = bulk.data
    for message in messages:
        error = message.error()
        where = cast("Where", (message.topic(), message.partition()))
        if error is None:
            if where in data:
                data[where].append(message)
            else:
                data[where] = [message]
        elif error.code() == _END:
            bulk.ends[where] = cast("int", message.offset())
        else:
            bulk.errors.append((where, error))
    return bulk


def offsets_of(messages: Sequence[Message]) -> NDArray[np.int64]:
    """The offset of each."""
    return np.fromiter((message.offset() for message in messages), np.int64, len(messages))


def times_of(messages: Sequence[Message]) -> NDArray[np.int64]:
    """The time of each record, epoch milliseconds; `NO_TIME` where it has none."""
    stamps = (message.timestamp() for message in messages)
    return np.fromiter(
        (NO_TIME if kind == TIMESTAMP_NOT_AVAILABLE else ms for kind, ms in stamps),
        np.int64,
        len(messages),
    )


def timed(
    decoded: Decoded, offsets: NDArray[np.int64], times: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The time of the record of each rating."""
    placed: NDArray[np.int64] = times[np.searchsorted(offsets, decoded.position)]
    return placed
