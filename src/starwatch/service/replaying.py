"""One replay from its first row to its last: timeline, engine, outputs, view."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from starwatch.admission.ledger import Class
from starwatch.engine import Engine
from starwatch.ratings.batch import Batch
from starwatch.ratings.rejects import Reject
from starwatch.replay.events import Event, Joins, Leaves
from starwatch.service.outputs import Outputs
from starwatch.service.pacing import Pacing
from starwatch.service.stop import Stop

_IDLE_SECONDS = 0.25
"""The longest wait without a view: how soon a stop is noticed where signals do not wake us."""


class View(Protocol):
    """What is drawn while a replay runs."""

    @property
    def quit(self) -> bool:
        """Whether a person asked for the end."""

    def seconds_to_refresh(self, now: float) -> float:
        """How long it may be left alone."""

    def refresh_if_due(self, now: float, engine: Engine) -> None:
        """Draw, if it is time to."""


class Unseen:
    """A view that shows nothing."""

    quit = False

    def seconds_to_refresh(self, now: float) -> float:  # noqa: ARG002
        """It may be left alone."""
        return _IDLE_SECONDS

    def refresh_if_due(self, now: float, engine: Engine) -> None:
        """Nothing is drawn."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Who is told of ratings that are not counted; each gets them in order.

    Attributes:
        rejects: Takes pairs of file number and reject.
        late: Takes late ratings.
    """

    rejects: Callable[[Sequence[tuple[int, Reject]]], None] | None = None
    late: Callable[[Batch], None] | None = None


class Replay:
    """Plays a timeline through an engine.

    Args:
        engine: A new engine.
        outputs: Where rows go; flushed on the way and left open at the end.
        pacing: What is due when.
        stop: Set by whoever wants the run to end; windows that are open stay open then.
        view: What is drawn.
        keeping: Who is told of what is not counted.
        one_partition: Whether all files are one partition.
        batch_rows: Ratings that the engine takes at once, at most.
    """

    def __init__(  # noqa: PLR0913
        self,
        engine: Engine,
        outputs: Outputs,
        *,
        pacing: Pacing,
        stop: Stop,
        view: View | None = None,
        keeping: Keeping | None = None,
        one_partition: bool = False,
        batch_rows: int = 1 << 18,
    ) -> None:
        self._engine = engine
        self._outputs = outputs
        self._pacing = pacing
        self._stop = stop
        self._view = view or Unseen()
        self._keeping = keeping or Keeping()
        self._one_partition = one_partition
        self._batch_rows = batch_rows

    def run(self, events: Iterable[Event]) -> bool:
        """Play all events; returns whether the end was reached, where every window closes."""
        for event in events:
            if isinstance(event, Batch):
                self._play(event)
            elif isinstance(event, Joins):
                for partition in event.partitions:
                    self._engine.join(partition)
            else:
                self._leave(event)
            if self._stopped():
                return False
        self._outputs.write(self._engine.finish())
        self._outputs.flush()
        return True

    def _leave(self, event: Leaves) -> None:
        self._wait_for(event.at_ms)
        if not self._stopped():
            self._outputs.write(self._engine.leave(event.partition, event.at_ms))

    def _play(self, batch: Batch) -> None:
        """Give a batch to the engine as it falls due."""
        start, rejects = 0, list(batch.rejects)
        while start < len(batch) and not self._stopped():
            due = self._pacing.due(batch.arrival_ms)
            if due <= start:
                self._wait_for(int(batch.arrival_ms[start]))
                continue
            stop = min(due, start + self._batch_rows)
            part = batch.slice(start, stop)
            now = len(rejects)
            if stop < len(batch):
                reached = int(batch.position[stop])
                now = next((i for i, (_, r) in enumerate(rejects) if r.position > reached), now)
            self._ingest(replace(part, rejects=rejects[:now]))
            start, rejects = stop, rejects[now:]
        if rejects and not self._stopped():
            self._ingest(replace(batch.slice(0, 0), rejects=rejects))

    def _ingest(self, batch: Batch) -> None:
        given = batch
        if self._one_partition:
            given = replace(batch, partition=np.zeros(len(batch), np.int32))
        outcome = self._engine.ingest(given)
        if batch.rejects and self._keeping.rejects:
            self._keeping.rejects(batch.rejects)
        if self._keeping.late:
            late = np.flatnonzero(outcome.classes == Class.LATE)
            if len(late):
                self._keeping.late(batch.take(late))
        self._outputs.write(outcome.rows)
        self._draw()

    def _wait_for(self, until_ms: int) -> None:
        """Wait for a virtual moment, drawing meanwhile; rows are shown before we rest."""
        flushed = False
        while not self._stopped() and self._pacing.now_ms < until_ms:
            if not flushed:
                self._outputs.flush()
                flushed = True
            self._draw()
            at_most = self._view.seconds_to_refresh(time.monotonic())
            self._pacing.wait(until_ms, max(at_most, 0.001))

    def _draw(self) -> None:
        self._view.refresh_if_due(time.monotonic(), self._engine)

    def _stopped(self) -> bool:
        return self._stop.is_set() or self._view.quit
