"""Writes ticks into the topics of a job on Flink while they are quiet, so that its windows close.

A tick lies behind all ratings that its partition held when it was written, so Flink reads those
first, however far behind it is: nobody needs to know how far Flink has read, and whoever reads the
topic again meets the same order. Several writers do no harm: the latest tick counts, and one that
sees the tick of another has nothing to tell.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Protocol

from confluent_kafka import KafkaException, Message

from starwatch.clients.kafka import Address, reason
from starwatch.flink.plan import Plan
from starwatch.flink.quiet import Quiet
from starwatch.flink.tail import Tail
from starwatch.flink.topic_ends import TopicEnds
from starwatch.sources.kafka_bulk import Where

STEP_SECONDS = 1.0
"""From one look to the next; so there is one tick a second at most."""

LOOK_BACK = 1_000
"""Messages at the end of a partition that are read, and in all partitions while they come: a stream
that brings more in a step is not quiet, and is not read."""

_STOP_SECONDS = 3.0
_LOG = logging.getLogger(__name__)


class Ends(Protocol):
    """Where topics are written to; `TopicEnds` on a real cluster."""

    def ends(self) -> dict[Where, int]:
        """The offset behind the last message of each partition."""

    def read(self, spans: dict[Where, tuple[int, int]]) -> dict[Where, list[Message]]:
        """Messages between two offsets of each partition."""

    def tick(self, places: Sequence[Where], time_ms: int) -> None:
        """Write a tick into each partition."""


class Ticker:
    """Looks at the ends of topics, step by step.

    Args:
        plan: The job.
        topics: Its topics.
        clock_ms: A clock that only goes forward.
    """

    def __init__(self, plan: Plan, topics: Ends, clock_ms: Callable[[], int]) -> None:
        # configuration
        self._topics, self._clock_ms = topics, clock_ms
        self._tail, self._quiet = Tail(plan), Quiet(plan.job)
        self._bound_ms = plan.job.bound_ms
        # state
        self._read: dict[Where, int] = {}
        self._before: dict[Where, int] = {}
        self._noticed: dict[Where, int] = {}

    def step(self) -> None:
        """Look once, and write ticks where they are due.

        Raises:
            KafkaException: the cluster does not answer, or refuses.
        """
        now = self._clock_ms()  # before the look, which may take long: no time is made up
        ends = self._topics.ends()
        noticed = self._clock_ms()
        self._join(ends, noticed)
        moved = {where: end for where, end in ends.items() if end != self._read[where]}
        for where, end in moved.items():
            if end != self._before.get(where):
                self._noticed[where] = noticed
        still, self._before = ends == self._before, ends
        if not still and sum(end - self._read[where] for where, end in moved.items()) > LOOK_BACK:
            return  # it is not quiet
        self._look(moved)
        due = self._quiet.due(now)
        if due is not None:
            self._topics.tick(list(ends), due)
            for where in ends:
                self._quiet.ticked(where, due)

    def _join(self, ends: dict[Where, int], noticed: int) -> None:
        for where, end in ends.items():
            if end < self._read.get(where, end + 1):  # it is new, or was made anew
                self._read[where] = 0
                self._quiet.join(where, noticed)

    def _look(self, moved: dict[Where, int]) -> None:
        spans = {w: (max(self._read[w], end - LOOK_BACK), end) for w, end in moved.items()}
        for where, messages in self._topics.read(spans).items() if spans else ():
            begin, end = spans[where]
            told = self._tail.told(messages)
            noticed = self._noticed.pop(where)
            if told.top_ms is not None:
                # One that was not looked at may be newer, by the bound if it is in order.
                beyond = self._bound_ms if begin > self._read[where] else 0
                newest = told.newest_ms + beyond
                self._quiet.rated(where, noticed, top_ms=told.top_ms, newest_ms=newest)
            if told.tick_ms is not None:
                self._quiet.ticked(where, told.tick_ms)
            self._read[where] = end


@contextmanager
def ticking(plan: Plan, address: Address) -> Iterator[None]:
    """Write ticks in a thread of its own until the context ends.

    What fails is told once in the log, and tried again.

    Args:
        plan: The job.
        address: Its cluster.

    Raises:
        BadSetting: librdkafka refuses a setting.
    """
    ends = TopicEnds(address, plan.topics, plan.names.prefix)
    stop = Event()
    thread = Thread(target=_run, args=(plan, ends, stop), name="ticks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_STOP_SECONDS)
        if not thread.is_alive():
            ends.close()


_HINT = "See that Kafka runs, and that this user may write to the topics of ratings"


def _run(plan: Plan, ends: TopicEnds, stop: Event) -> None:
    ticker = Ticker(plan, ends, lambda: time.monotonic_ns() // 1_000_000)
    said = ""
    while not stop.wait(STEP_SECONDS):
        try:
            ticker.step()
            said = ""
        except KafkaException as error:
            if not said:
                said = reason(error)
                _LOG.warning(
                    "windows of a quiet topic wait, no ticks can be written: %s. %s", said, _HINT
                )
