"""The door of each live source: what `starwatch.ports.Door` promises, over the one queue."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Event, Lock
from types import MappingProxyType

import numpy as np

from starwatch.ports import Delivery
from starwatch.ratings.batch import NO_TIME
from starwatch.service.inbox import Inbox, Received, Told
from starwatch.service.privacy import Prepare, as_they_are


class Partitions:
    """The numbers of all partitions by their full names; may be used from any thread.

    Args:
        known: Those of earlier runs.
    """

    def __init__(self, known: Mapping[str, int]) -> None:
        self._lock = Lock()
        self._numbers = dict(known)

    def number(self, name: str) -> int:
        """The number of a partition; a new one gets the next."""
        with self._lock:
            return self._numbers.setdefault(name, max(self._numbers.values(), default=-1) + 1)


@dataclass(frozen=True, slots=True)
class Hall:
    """What all doors of a service share.

    Attributes:
        inbox: The queue of the service.
        partitions: The numbers of all partitions.
        now_ms: The service's clock.
        stopping: Set when the service takes nothing more.
        prepare: What every delivery's ratings go through before they are queued.
        by_records: Whether windows go by the time of records, where a source has such, and by
            arrival otherwise: event times of other sources are put aside then.
    """

    inbox: Inbox
    partitions: Partitions
    now_ms: Callable[[], int]
    stopping: Event
    prepare: Prepare = as_they_are
    by_records: bool = False


class LiveDoor:
    """One source's door.

    Args:
        source: The source's name; its partitions are called `NAME PARTITION`, or NAME alone.
        hall: What all doors share.
        present: Its partitions of earlier runs, by the source's own names.
        remembered: What the source noted in earlier runs.
        own_time: Whether its records have a time of their own (`LiveSource.own_time`).
        waited: Whether what comes until it is caught up has waited (`BacklogReader`).
        positions: By partition, how many of its ratings and rejects earlier runs committed.
    """

    def __init__(  # noqa: PLR0913
        self,
        source: str,
        hall: Hall,
        present: Mapping[str, int],
        remembered: Callable[[], dict[str, tuple[bytes, int]]],
        *,
        own_time: bool = False,
        waited: bool = False,
        positions: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        self._own_time, self._waited = own_time, waited
        self._positions = positions
        self._source = source
        self._hall = hall
        self._inbox = hall.inbox
        self.now_ms = hall.now_ms
        self.remembered = remembered
        self._lock = Lock()
        self._partitions = dict(present)
        self._is_connected = False
        self._forget_before: int | None = None
        self.redeliveries = 0

    @property
    def stopping(self) -> bool:
        """Whether the service takes nothing more."""
        return self._hall.stopping.is_set()

    @property
    def is_connected(self) -> bool:
        """What the source said last."""
        return self._is_connected

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until the service stops; whether it does."""
        return self._hall.stopping.wait(seconds)

    def partition(self, name: str) -> int:
        """The number of a partition; one that is new here joins."""
        with self._lock:
            number = self._partitions.get(name)
            if number is None:
                full = f"{self._source} {name}" if name else self._source
                number = self._partitions[name] = self._hall.partitions.number(full)
                connected = self._is_connected
                self._inbox.tell(Told("join", (number,), connected, full, waited=self._waited))
        return number

    def partitions(self) -> dict[str, int]:
        """All partitions that are there, by the source's own names."""
        with self._lock:
            return dict(self._partitions)

    def position(self, partition: int) -> int:
        """How many of its ratings and rejects earlier runs committed."""
        return self._positions.get(partition, 0)

    def leave(self, partition: int) -> None:
        """A partition is no longer this source's."""
        with self._lock:
            self._partitions = {k: v for k, v in self._partitions.items() if v != partition}
            self._inbox.tell(Told("leave", (partition,)))

    def caught_up(self, partition: int, *, value: bool) -> None:
        """All that waits in a partition was handed over, or more waits again."""
        self._inbox.tell(Told("caught_up", (partition,), value))

    def reached(self, watermark_ms: int) -> None:
        """Another engine says how far the stream is complete."""
        self._inbox.tell(Told("reached", (), watermark_ms=watermark_ms))

    def connected(self, *, value: bool) -> None:
        """The source lost or found its connection."""
        with self._lock:
            if value == self._is_connected:
                return
            self._is_connected = value
            numbers = tuple(self._partitions.values())
            self._inbox.tell(Told("connected", numbers, value, waited=self._waited))

    def deliver(self, delivery: Delivery, *, wait: bool = True) -> bool:
        """Hand over ratings; whether they were taken."""
        if self.stopping:
            return False
        ratings = self._hall.prepare(delivery.ratings)
        if self._hall.by_records and not self._own_time:
            ratings = replace(ratings, event_ms=np.full(len(ratings), NO_TIME))
        delivery = replace(delivery, ratings=ratings)
        return self._inbox.put(Received(self._source, delivery), wait=wait)

    def redelivered(self, number: int = 1) -> None:
        """The transport gave again what was committed already."""
        with self._lock:
            self.redeliveries += number

    def forget(self, before_ms: int) -> None:
        """Forget, with the next commit, what was noted before a moment."""
        with self._lock:
            self._forget_before = before_ms

    def take_forget(self) -> int | None:
        """What was asked to be forgotten since the last call."""
        with self._lock:
            before, self._forget_before = self._forget_before, None
        return before
