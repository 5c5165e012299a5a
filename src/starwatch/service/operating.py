"""The engine's thread of a service: one queue in, one commit, then the acknowledgements (§7)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.engine import Outcome
from starwatch.failpoints import reached
from starwatch.journal.notes import Note
from starwatch.ports import Delivery, Receipt
from starwatch.ratings.batch import Batch, Decoded, found_of
from starwatch.service.catching import Catching
from starwatch.service.durable import DurableEngine
from starwatch.service.engine_figures import EngineFigures
from starwatch.service.inbox import Inbox, Item, Received, Told
from starwatch.service.measures import Histogram
from starwatch.windows.rows import WindowRows

TICK_SECONDS = 0.25
"""How often the clock is looked at where nothing comes: windows close so much late at most."""


@dataclass(slots=True)
class Waiting:
    """Deliveries that the engine has and no commit yet: arrival, and what became of the ratings."""

    deliveries: list[tuple[int, Received, NDArray[np.uint8]]] = field(default_factory=list)
    latency: Histogram = field(default_factory=Histogram)

    def acknowledge(self, now_ms: int) -> None:
        """Tell everyone whose ratings are on the disk now."""
        deliveries, self.deliveries = self.deliveries, []
        if not deliveries:
            return
        reached("ack.before")
        for at_ms, received, classes in deliveries:
            received.delivery.committed(Receipt(classes))
            number = len(classes) + len(received.delivery.ratings.rejects)
            self.latency.add((now_ms - at_ms) / 1000, number)
        reached("ack.after")


class Operating:
    """Moves what waits in the queue through the engine, and commits.

    A commit begins as soon as the one before it has ended and anybody waits for it: what comes
    meanwhile goes into the next one.

    Args:
        engine: The durable engine; only this thread calls it.
        inbox: The queue.
        now_ms: The service's clock.
        closed: Called with rows as soon as they are committed.
        forgets: By source, before when it wants its notes forgotten; asked before each commit.
    """

    def __init__(
        self,
        engine: DurableEngine,
        inbox: Inbox,
        *,
        now_ms: Callable[[], int],
        closed: Callable[[WindowRows], None],
        forgets: Callable[[], dict[str, int]] = dict,
    ) -> None:
        self._engine = engine
        self._inbox = inbox
        self._now_ms = now_ms
        self._closed = closed
        self._forgets = forgets
        self._waiting = Waiting()
        self._catching = Catching()
        self.figures = EngineFigures.of(engine)
        """The engine as the last step left it; whoever reads it waits for nothing."""
        self.committed = Event()
        """Set behind each commit; whoever waits for it clears it."""
        self.lock = Lock()
        """Held while the engine is being changed: whoever looks at it from outside takes it."""

    @property
    def latency(self) -> Histogram:
        """How long ratings took from the queue to their commit."""
        return self._waiting.latency

    def begin(self) -> None:
        """Go on after an earlier run: no source is connected or caught up yet."""
        now = self._now_ms()
        with self.lock:
            self._engine.restart()
            for partition in sorted(self._engine.engine.partitions):
                self._engine.connected(partition, False, now)
            self._engine.keep(facts=self._catching.facts)
            self._engine.commit()
            self.figures = EngineFigures.of(self._engine)

    def step(self, seconds: float = TICK_SECONDS) -> bool:
        """Take what waits, or a tick of the clock where nothing comes; whether something came."""
        items = self._inbox.take(seconds)
        with self.lock:
            rows = self._apply(items)
            rows.append(self._engine.advance(self._now_ms()))
            if self._waiting.deliveries or any(map(len, rows)):
                self._engine.keep(forget=self._forgets())
                self._engine.commit()
            else:
                self._engine.commit_if_due()
            self.figures = EngineFigures.of(self._engine)
        self._waiting.acknowledge(self._now_ms())
        if any(map(len, rows)) or items:
            self.committed.set()
        for each in rows:
            if len(each):
                self._closed(each)
        return bool(items)

    def _apply(self, items: Sequence[tuple[int, Item]]) -> list[WindowRows]:
        """Give the engine what came, deliveries between two tellings as one batch."""
        rows: list[WindowRows] = []
        some: list[tuple[int, Received]] = []
        for at_ms, item in items:
            if isinstance(item, Received):
                some.append((at_ms, item))
                continue
            rows += self._ingest(some)
            some = []
            rows += self._told(at_ms, item)
        return rows + self._ingest(some)

    def _ingest(self, some: Sequence[tuple[int, Received]]) -> list[WindowRows]:
        if not some:
            return []
        batch = _batch([(at_ms, item.delivery) for at_ms, item in some])
        outcome = self._engine.ingest(batch, lambda outcome: _notes(some, outcome))
        self._waiting.deliveries += _parted(some, outcome)
        return [outcome.rows]

    def _told(self, at_ms: int, told: Told) -> Iterable[WindowRows]:
        engine = self._engine
        if self._catching.told(told, at_ms):
            engine.keep(facts=self._catching.facts)
        if told.what == "reached":
            yield engine.reached(told.watermark_ms, at_ms)
        for partition in told.partitions:
            here = partition in engine.engine.partitions
            if told.what == "join":
                engine.name_partition(partition, told.name)
                if not here:
                    engine.join(partition)
                yield engine.connected(partition, told.value, at_ms)
            elif here and told.what == "leave":
                yield engine.leave(partition, at_ms)
            elif here and told.what == "caught_up":
                yield engine.caught_up(partition, told.value, at_ms)
            elif here:
                yield engine.connected(partition, told.value, at_ms)


def _parted(
    some: Sequence[tuple[int, Received]], outcome: Outcome
) -> Iterator[tuple[int, Received, NDArray[np.uint8]]]:
    """Each delivery of a batch with its arrival and what became of its ratings."""
    start = 0
    for at_ms, item in some:
        stop = start + len(item.delivery.ratings)
        yield at_ms, item, outcome.classes[start:stop]
        start = stop


def _notes(some: Sequence[tuple[int, Received]], outcome: Outcome) -> Iterator[Note]:
    """What sources want to remember of these deliveries."""
    for at_ms, item, classes in _parted(some, outcome):
        delivery = item.delivery
        for key, value in (*delivery.notes, *delivery.outcome_notes(Receipt(classes))):
            yield Note(item.source, key, value, at_ms)


def _batch(deliveries: Sequence[tuple[int, Delivery]]) -> Batch:
    """Deliveries, one after the other, as the engine takes them."""
    parts: list[Decoded] = [delivery.ratings for _, delivery in deliveries]
    sizes = [len(part) for part in parts]
    arrival = np.array([at for at, _ in deliveries], np.int64)
    partition = np.array([delivery.partition for _, delivery in deliveries], np.int32)
    rejects = [
        (delivery.partition, reject)
        for _, delivery in deliveries
        for reject in delivery.ratings.rejects
    ]
    ids = any(part.rating_id is not None for part in parts)
    return Batch(
        arrival_ms=np.repeat(arrival, sizes),
        partition=np.repeat(partition, sizes),
        position=np.concatenate([part.position for part in parts]),
        product=pa.concat_arrays([part.product for part in parts]),
        reviewer=pa.concat_arrays([part.reviewer for part in parts]),
        stars=np.concatenate([part.stars for part in parts]),
        event_ms=np.concatenate([part.event_ms for part in parts]),
        rating_id=pa.concat_arrays([_ids(part) for part in parts]) if ids else None,
        rejects=rejects,
        found=found_of(parts),
    )


def _ids(part: Decoded) -> pa.Array:
    if part.rating_id is not None:
        return part.rating_id
    return pa.array([""] * len(part), pa.string())
