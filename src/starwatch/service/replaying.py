"""One replay from its first row to its last: timeline, engine, outputs, view."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from starwatch.admission.ledger import Class
from starwatch.engine import Outcome
from starwatch.ratings.batch import NO_TIME, Batch
from starwatch.ratings.rejects import Reject
from starwatch.replay.events import Event, Joins, Leaves
from starwatch.service.outputs import Outputs
from starwatch.service.pacing import Pacing
from starwatch.service.stop import Stop
from starwatch.windows.rows import WindowRows

_IDLE_SECONDS = 0.25
"""The longest wait without a view: how soon a stop is noticed where signals do not wake us."""


class View(Protocol):
    """What is drawn while a replay runs."""

    @property
    def quit(self) -> bool:
        """Whether a person asked for the end."""

    def seconds_to_refresh(self, now: float) -> float:
        """How long it may be left alone."""

    def refresh_if_due(self, now: float, engine: "Operator") -> None:
        """Draw, if it is time to."""


class Operator(Protocol):
    """An engine, bare or durable, as far as a replay needs it; see `Engine`."""

    @property
    def now_ms(self) -> int | None:
        """Its clock."""

    @property
    def watermark_ms(self) -> int | None:
        """Its watermark."""

    @property
    def received(self) -> int:
        """How many ratings have come."""

    def join(self, partition: int, *, caught_up: bool = False) -> None:
        """A partition appears."""

    def leave(self, partition: int, now_ms: int) -> WindowRows:
        """A partition has ended."""

    def ingest(self, batch: Batch) -> Outcome:
        """Take ratings in order."""

    def finish(self) -> WindowRows:
        """The end of the replay."""


class Unseen:
    """A view that shows nothing."""

    quit = False

    def seconds_to_refresh(self, now: float) -> float:  # noqa: ARG002
        """It may be left alone."""
        return _IDLE_SECONDS

    def refresh_if_due(self, now: float, engine: Operator) -> None:
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
        engine: An engine, bare or durable.
        outputs: Where rows go; flushed on the way and left open at the end.
        pacing: What is due when.
        stop: Set by whoever wants the run to end; windows that are open stay open then.
        view: What is drawn.
        keeping: Who is told of what is not counted.
        rest: Called again and again while nothing is due.
        batch_rows: Ratings that the engine takes at once, at most.
    """

    def __init__(  # noqa: PLR0913
        self,
        engine: Operator,
        outputs: Outputs,
        *,
        pacing: Pacing,
        stop: Stop,
        view: View | None = None,
        keeping: Keeping | None = None,
        rest: Callable[[], None] = lambda: None,
        batch_rows: int = 1 << 18,
    ) -> None:
        self._engine = engine
        self._outputs = outputs
        self._pacing = pacing
        self._stop = stop
        self._view = view or Unseen()
        self._keeping = keeping or Keeping()
        self._rest = rest
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
        """Give a batch to the engine as it falls due, each reject at its own time."""
        row = refused = 0
        refusals = _reject_arrivals(batch)
        while (row < len(batch) or refused < len(refusals)) and not self._stopped():
            due = self._pacing.due(batch.arrival_ms)
            stop = min(due, row + self._batch_rows)
            if stop < due:
                now = int(np.searchsorted(refusals, batch.arrival_ms[stop - 1], "right"))
            else:
                now = self._pacing.due(refusals)
            if stop <= row and now <= refused:
                coming = [*batch.arrival_ms[row : row + 1], *refusals[refused : refused + 1]]
                self._wait_for(int(min(coming)))
                continue
            part = batch.slice(row, stop)
            rejects, at = batch.rejects[refused:now], refusals[refused:now]
            self._ingest(replace(part, rejects=rejects, reject_arrival_ms=at))
            row, refused = stop, max(refused, now)

    def _ingest(self, batch: Batch) -> None:
        outcome = self._engine.ingest(batch)
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
            self._rest()
            at_most = self._view.seconds_to_refresh(time.monotonic())
            self._pacing.wait(until_ms, max(at_most, 0.001))

    def _draw(self) -> None:
        self._view.refresh_if_due(time.monotonic(), self._engine)

    def _stopped(self) -> bool:
        return self._stop.is_set() or self._view.quit


def _reject_arrivals(batch: Batch) -> NDArray[np.int64]:
    """When each reject of a batch comes; with the first rating where nothing else is said."""
    if batch.reject_arrival_ms is not None:
        return batch.reject_arrival_ms
    return np.full(len(batch.rejects), batch.arrival_ms[0] if len(batch) else NO_TIME)
