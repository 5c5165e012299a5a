"""A stream that every engine can be given: messages as Kafka holds them, and what else happens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from starwatch.codecs.options import InputOptions
from starwatch.scenarios.steps import CaughtUp, Connected, Join, Leave, Restart, Tick
from starwatch.windows.job import Job

INPUT = InputOptions(format="json", time_unit="ms")
"""How all messages are to be read."""

Place = tuple[int, int]
"""Partition and offset of a message."""

Happening = Tick | Join | Leave | CaughtUp | Connected | Restart
"""What happens besides messages; only a script tells of it."""


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages in order of arrival; all columns have one length n.

    Attributes:
        at_ms: int64, never falling; when each came, UTC epoch milliseconds.
        partition: int32; by which partition.
        offset: int64; its offset there.
        values: Its bytes, JSON unless it is broken.
    """

    at_ms: NDArray[np.int64]
    partition: NDArray[np.int32]
    offset: NDArray[np.int64]
    values: Sequence[bytes]

    def __len__(self) -> int:
        """The number of messages."""
        return len(self.values)

    @classmethod
    def one(cls, at_ms: int, place: Place, value: bytes) -> Self:
        """A single message."""
        partition, offset = place
        times, partitions = np.array([at_ms], np.int64), np.array([partition], np.int32)
        return cls(times, partitions, np.array([offset], np.int64), [value])

    def slice(self, start: int, stop: int) -> Self:
        """The messages from number `start` up to `stop`."""
        return type(self)(
            self.at_ms[start:stop],
            self.partition[start:stop],
            self.offset[start:stop],
            self.values[start:stop],
        )


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream with the rules of its job. At its end all windows close.

    Attributes:
        name: What it is called.
        title: What it shows.
        job: The rules.
        caught_up: Of each partition that is there from the start, whether it has read all there is.
        steps: What comes and happens, in order.
    """

    name: str
    title: str
    job: Job
    caught_up: tuple[bool, ...]
    steps: tuple[Messages | Happening, ...]

    @property
    def messages(self) -> list[Messages]:
        """What comes, without what else happens."""
        return [step for step in self.steps if isinstance(step, Messages)]

    @property
    def received(self) -> int:
        """The number of messages."""
        return sum(map(len, self.messages))
