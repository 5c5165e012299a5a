"""A running service: sources, one engine, sinks that follow; begun, watched over, drained."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Event, Thread

from starwatch.journal.places import Places
from starwatch.outbox.budget import BACKLOG_BYTES
from starwatch.ports import BacklogReader, LiveSource, Origin, RowContext
from starwatch.service.bounds import Bounds
from starwatch.service.clock import Clock
from starwatch.service.doors import Hall, LiveDoor, Partitions
from starwatch.service.durable import DurableEngine
from starwatch.service.figures import figures_of
from starwatch.service.following import Follower
from starwatch.service.inbox import Inbox
from starwatch.service.operating import Operating
from starwatch.service.privacy import Prepare, as_they_are
from starwatch.service.state import State
from starwatch.service.stop import Stop
from starwatch.service.supervising import Supervised
from starwatch.sinks.registry import Output
from starwatch.status import JobFigures
from starwatch.windows.job import Job
from starwatch.windows.rows import WindowRows

_LOG = logging.getLogger(__name__)

_AHEAD_SECONDS = 1.0
"""Clocks are set by less than that all day long, and nobody needs to know."""

_LOG = logging.getLogger(__name__)

REFUSED = "refused"
"""The folder of a state for rows that a target will never take."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a service that drains waits for what, in seconds.

    Attributes:
        sources: For sources to return.
        sinks: For sinks to write what is committed.
    """

    sources: float = 5.0
    sinks: float = 10.0


class Service:
    """One job on live sources; used as a context, and then run.

    Args:
        state: The state directory, held for writing and belonging to this job.
        job: The rules.
        sources: Live sources, by names that differ.
        outputs: Sinks that can go on after a crash.
        closed: Called with rows as soon as they are committed, by the engine's thread.
        prepare: What ratings go through before they are queued.
        by_records: Whether windows go by the time of records; see `Hall`.
        deadlines: How long a drain may take.
        backlog_bytes: How much may wait for sinks that are away; the oldest goes beyond.
    """

    def __init__(  # noqa: PLR0913
        self,
        state: State,
        job: Job,
        sources: Sequence[LiveSource],
        outputs: Sequence[Output],
        *,
        closed: Callable[[WindowRows], None] = lambda _: None,
        prepare: Prepare = as_they_are,
        by_records: bool = False,
        deadlines: Deadlines = Deadlines(),
        backlog_bytes: int | None = BACKLOG_BYTES,
    ) -> None:
        self.engine = DurableEngine(
            state.journal,
            state.upkeep(job),
            job,
            open_sinks=lambda *_: [],
            names=[],
            rhythm=state.rhythm,
            backlog_bytes=backlog_bytes,
        )
        self.clock = Clock(self.engine.now_ms)
        self.inbox = Inbox(self.clock.now_ms)
        self.began = time.monotonic()
        self._stopping, self._drained, self._asked = Event(), Event(), Event()
        self._deadlines = deadlines
        self._closed = closed
        self._journal = state.journal
        known = self.engine.partitions()
        hall = Hall(
            self.inbox, Partitions(known), self.clock.now_ms, self._stopping, prepare, by_records
        )
        self.sources = [Supervised(source, self._door(source, hall)) for source in sources]
        context = RowContext(job, self.engine.engine.products, Origin(state.identity()))
        places = Places(state.directory)
        names = [output.name for output in outputs]
        self._bounds = Bounds(state.journal, places.database, names)
        self.sinks = [self._follower(output, context, places) for output in outputs]
        self.operating = Operating(
            self.engine,
            self.inbox,
            now_ms=self.clock.now_ms,
            closed=self._rows_closed,
            forgets=self._forgets,
        )
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._operate, name="engine", daemon=True)

    @property
    def committed(self) -> Event:
        """Set behind each commit; whoever waits for it clears it."""
        return self.operating.committed

    @property
    def stopping(self) -> bool:
        """Whether it takes nothing more."""
        return self._stopping.is_set()

    @property
    def failed(self) -> bool:
        """Whether the engine broke: the disk is full, or worse."""
        return self._failure is not None

    def figures(self) -> JobFigures:
        """How it is now, in numbers and words; may be called from any thread."""
        return figures_of(self)

    def ask_to_stop(self) -> None:
        """Have `run` drain and return; may be called from any thread."""
        self._asked.set()

    def run(self, stop: Stop, rest: Callable[[], float] = lambda: 0.25) -> None:
        """Serve until somebody asks for the end, or the engine breaks; then drain.

        Args:
            stop: Set by whoever wants the end.
            rest: Called again and again meanwhile, as for drawing; returns how many seconds it may
                be left alone.

        Raises:
            StarwatchError: what broke the engine; nothing that was committed is lost.
        """
        with self.engine:
            self._say_if_ahead()
            self.operating.begin()
            self._leave_strangers()
            for sink in self.sinks:
                sink.start()
            self._thread.start()
            for source in self.sources:
                source.start()
            while not (stop.is_set() or self._asked.is_set() or self.failed):
                stop.wait(rest())
            self._drain()
            if self._failure is not None:
                raise self._failure

    def _say_if_ahead(self) -> None:
        ahead = self.clock.ahead_ms() / 1000
        if ahead >= _AHEAD_SECONDS:
            _LOG.warning(
                "the wall clock is %.1f s behind what the state has seen: windows go on from there,"
                " and stay so far ahead of it until it has caught up and the service starts anew",
                ahead,
            )

    def _operate(self) -> None:
        try:
            while not self._drained.is_set():
                self.operating.step()
            while self.operating.step(0):
                pass  # what came before the queue was closed
        except BaseException as error:  # told to whoever runs the service  # noqa: BLE001
            self._failure = error
        finally:
            self.inbox.close()

    def _drain(self) -> None:
        """Take nothing more, commit what came, let the sinks catch up; open windows stay open."""
        self._stopping.set()
        until = time.monotonic() + self._deadlines.sources
        for source in self.sources:
            source.join(max(until - time.monotonic(), 0))
        self.inbox.close()
        self._drained.set()
        self._thread.join()
        until = time.monotonic() + self._deadlines.sinks
        for sink in self.sinks:
            sink.drain()
        for sink in self.sinks:
            if not sink.join(max(until - time.monotonic(), 0)):
                self._say_what_waits(sink)

    def _say_what_waits(self, sink: Follower) -> None:
        lacking = self.engine.rows_committed - sink.cursor.rows
        if lacking > 0:
            _LOG.warning(
                "sink %s still lacks %d window rows; they are kept, and sent at the next start",
                sink.name,
                lacking,
            )

    def _rows_closed(self, rows: WindowRows) -> None:
        for sink in self.sinks:
            sink.tell()
        self._closed(rows)

    def _door(self, source: LiveSource, hall: Hall) -> LiveDoor:
        prefix = f"{source.name} "
        present = {
            name.removeprefix(prefix) if name != source.name else "": number
            for name, number in self.engine.partitions().items()
            if number in self.engine.engine.partitions
            and (name.startswith(prefix) or name == source.name)
        }
        notes = self._journal.notes(source.name)
        return LiveDoor(
            source.name,
            hall,
            present,
            lambda: dict(notes),
            own_time=source.own_time,
            waited=isinstance(source, BacklogReader),
            positions=self.engine.positions(),
        )

    def _follower(self, output: Output, context: RowContext, places: Places) -> Follower:
        followed, bounds = self.engine.followed, self._bounds
        origin = Origin(context.origin.state, bounds.of(output.name))
        return Follower(
            output,
            replace(context, origin=origin),
            database=places.database,
            cursor=followed.follow(output.name),
            report=partial(followed.report, output.name),
            met=partial(bounds.met, output.name),
            passed_over=followed.passed_over(output.name),
            refused=places.directory / REFUSED / f"{output.sink}.jsonl",
        )

    def _leave_strangers(self) -> None:
        """Partitions of sources that are no more would hold every window."""
        ours = {number for source in self.sources for number in source.door.partitions().values()}
        for partition in sorted(self.engine.engine.partitions - ours):
            self.engine.leave(partition, self.clock.now_ms())

    def _forgets(self) -> dict[str, int]:
        wanted = {source.source.name: source.door.take_forget() for source in self.sources}
        return {name: before for name, before in wanted.items() if before is not None}
