"""An engine whose inputs and rows outlive the process: one commit, then everything else (§7)."""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from starwatch.admission.ledger import Books, Class
from starwatch.engine import Engine, Outcome
from starwatch.errors import BrokenInput, OtherState
from starwatch.failpoints import reached
from starwatch.journal.commit import Commit, Position
from starwatch.journal.entries import Entry, Mark, MarkKind, Part
from starwatch.journal.impossible import impossible_rejects
from starwatch.journal.notes import Note
from starwatch.journal.store import Journal
from starwatch.outbox.budget import BACKLOG_BYTES
from starwatch.outbox.rows import decode_rows, encode_rows
from starwatch.ports import Cursor, LastingSink
from starwatch.ratings.batch import Batch
from starwatch.ratings.rejects import Reject
from starwatch.replay.resume import Done
from starwatch.service.followed import Followed
from starwatch.service.measures import Histogram
from starwatch.service.restoring import restored
from starwatch.service.rhythm import Rhythm
from starwatch.service.upkeep import Kept, Upkeep
from starwatch.windows.job import Job
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows

_LOG = logging.getLogger(__name__)

_REPORT_SECONDS = 1.0
"""How long the word of a sink waits for a commit where nothing else needs one."""


@dataclass(slots=True)
class _Pending:
    """What has happened since the last commit."""

    parts: list[Part] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    rejects: list[tuple[int, Reject]] = field(default_factory=list)
    impossible: list[tuple[int, Reject]] = field(default_factory=list)  # they are in `parts` too
    rows: list[WindowRows] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    forget: dict[str, int] = field(default_factory=dict)
    ratings: int = 0
    since: float | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing has happened that anybody waits for."""
        return self.since is None

    def mark(self, mark: Mark) -> None:
        """Add a mark; of ticks at one place only the last one tells anything."""
        last = self.marks[-1] if self.marks else None
        if last and last.kind is mark.kind is MarkKind.TICK and last.after == mark.after:
            self.marks.pop()
        self.marks.append(mark)


class DurableEngine:
    """An engine with a journal; takes the same calls as a bare one.

    What it is given is committed after 64 Ki ratings or a quarter of a second, with the rows that
    it caused; only then do sinks get the rows, and their new cursors ride in the next commit. After
    a crash the newest snapshot and the entries behind it give the same engine again, and each sink
    gets the rows behind its cursor.

    Args:
        journal: The journal, new or with commits of the same job.
        upkeep: Writes snapshots and sealed ratings, and lets old ones go.
        job: The rules.
        sinks: Where committed rows go.
        names: What partitions are called.
        rhythm: When a commit is due.
        clock: Seconds that never go back.
        backlog_bytes: How much may wait in the outbox for sinks that follow it.

    Attributes:
        followed: The sinks that follow the outbox, and how much waits there for them.
        books: Both books as of the last commit.
        commits: How long each commit took.
        rows_committed: Window rows that were ever committed.

    Raises:
        OtherState: the journal is of another job.
        BadState: what the journal needs is broken.
    """

    def __init__(  # noqa: PLR0913
        self,
        journal: Journal,
        upkeep: Upkeep,
        job: Job,
        *,
        open_sinks: Callable[[ProductIds, Callable[[str], Cursor]], Sequence[LastingSink]],
        names: Sequence[str],
        rhythm: Rhythm = Rhythm(),  # noqa: B008 - a frozen value
        clock: Callable[[], float] = time.monotonic,
        backlog_bytes: int | None = BACKLOG_BYTES,
    ) -> None:
        self._journal = journal
        self._upkeep = upkeep
        self._clock = clock
        self._names = names
        self._rhythm = rhythm
        self._engine, self._number = restored(journal, upkeep.snapshots, job)
        self._positions = journal.positions()
        self._marks = int(journal.fact("marks") or 0)
        self._pending = _Pending()
        self._sinks = open_sinks(self._engine.products, journal.cursor)
        self._cursors: dict[str, Cursor] = {}
        self._last_commit = clock()
        self.books = self._engine.books()
        self.commits = Histogram()
        self.rows_committed = journal.row_count()
        secured = {
            each.name: journal.cursor(each.name).rows for each in self._sinks if each.lasting
        }
        self.followed = Followed(journal, secured, clock=clock, most_bytes=backlog_bytes)
        with ExitStack() as opened:
            for sink in self._sinks:
                opened.callback(sink.close)
            self._catch_up()
            upkeep.prune(journal)
            opened.pop_all()

    @property
    def engine(self) -> Engine:
        """The engine itself, for views; it is only changed through this."""
        return self._engine

    @property
    def done(self) -> Done:
        """How many inputs are committed: where a timeline goes on."""
        positions = self._positions.values()
        return Done(
            sum(p.ratings for p in positions), sum(p.rejects for p in positions), self._marks
        )

    @property
    def finished(self) -> bool:
        """Whether the last input of all is committed."""
        return bool(self._journal.fact("finished"))

    def __enter__(self) -> Self:
        """It is open from the start."""
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Commit what there is and close; after an error only close, as a crash would.

        An input that breaks off is no error of ours: what came before the break is kept.
        """
        try:
            if error is None or issubclass(error, BrokenInput):
                self.commit()
                for sink in self._sinks:
                    sink.close()
                    if sink.lasting:
                        self._cursors[sink.name] = sink.secured()
                self._commit(self._upkeep.complete(self._number))  # names what has become certain
                self._upkeep.prune(self._journal)
        finally:
            self._upkeep.close()
            for sink in self._sinks:
                sink.close()

    @property
    def now_ms(self) -> int | None:
        """As `Engine.now_ms`."""
        return self._engine.now_ms

    @property
    def watermark_ms(self) -> int | None:
        """As `Engine.watermark_ms`."""
        return self._engine.watermark_ms

    @property
    def received(self) -> int:
        """As `Engine.received`."""
        return self._engine.received

    def partitions(self) -> dict[str, int]:
        """The numbers of all partitions that ever were, by their names."""
        return {position.name: number for number, position in self._positions.items()}

    def positions(self) -> dict[int, int]:
        """By partition, how many of its ratings and rejects are committed."""
        return {at: done.ratings + done.rejects for at, done in self._positions.items()}

    def name_partition(self, number: int, name: str) -> None:
        """Say what a partition is called; it may be called so already."""
        self._positions.setdefault(number, Position(name))

    def restart(self) -> None:
        """As `Engine.restart`; a live run calls it once, first of all."""
        self._engine.restart()
        self._note_changes()
        self._pending.mark(Mark(MarkKind.RESTART, self._pending.ratings))

    def join(self, partition: int, *, caught_up: bool = False) -> None:
        """As `Engine.join`."""
        self._engine.join(partition, caught_up=caught_up)
        self._mark(MarkKind.JOIN, partition=partition, value=caught_up)
        self._note_changes()

    def leave(self, partition: int, now_ms: int) -> WindowRows:
        """As `Engine.leave`."""
        rows = self._engine.leave(partition, now_ms)
        self._note_changes()
        return self._mark(MarkKind.LEAVE, rows, partition=partition, at_ms=now_ms)

    def advance(self, now_ms: int) -> WindowRows:
        """As `Engine.advance`; a tick that closes nothing waits for the next commit."""
        rows = self._engine.advance(now_ms)
        self._note_changes()
        return self._caused(rows)

    def caught_up(self, partition: int, value: bool, now_ms: int) -> WindowRows:  # noqa: FBT001
        """As `Engine.caught_up`."""
        rows = self._engine.caught_up(partition, value, now_ms)
        return self._told(MarkKind.CAUGHT_UP, rows, partition, value, now_ms)

    def connected(self, partition: int, value: bool, now_ms: int) -> WindowRows:  # noqa: FBT001
        """As `Engine.connected`."""
        rows = self._engine.connected(partition, value, now_ms)
        self._begun()  # rare, and a restart must know of it
        return self._told(MarkKind.CONNECTED, rows, partition, value, now_ms)

    def reached(self, watermark_ms: int, now_ms: int) -> WindowRows:
        """As `Engine.reached`; one that closes nothing waits for the next commit."""
        rows = self._engine.reached(watermark_ms, now_ms)
        self._note_changes()
        place = self._pending.ratings
        self._pending.mark(Mark(MarkKind.REACHED, place, now_ms, watermark_ms=watermark_ms))
        return self._caused(rows)

    def finish(self) -> WindowRows:
        """As `Engine.finish`; commits at once."""
        rows = self._mark(MarkKind.FINISH, self._engine.finish())
        self.commit(finished=True)
        return rows

    def ingest(
        self, batch: Batch, notes: Callable[[Outcome], Iterable[Note]] = lambda _: ()
    ) -> Outcome:
        """As `Engine.ingest`; commits where that is due.

        Args:
            batch: The ratings.
            notes: What sources remember of what became of them, made last by the same commit.
        """
        outcome = self._engine.ingest(batch)
        pending = self._begun()
        self._note_changes()
        pending.parts.append((batch, outcome.classes, outcome.met_ms))
        pending.rejects.extend(batch.rejects)
        pending.impossible.extend(impossible_rejects(batch, outcome.classes, self._engine.job))
        pending.rows.append(outcome.rows)
        pending.ratings += len(batch)
        pending.notes.extend(notes(outcome))
        self.commit_if_due()
        return outcome

    def keep(
        self,
        notes: Iterable[Note] = (),
        *,
        facts: Mapping[str, Any] | None = None,
        forget: Mapping[str, int] | None = None,
    ) -> None:
        """Make more last with the next commit: what sources remember, and other named values."""
        self._pending.notes.extend(notes)
        self._pending.facts.update(facts or {})
        if facts:
            self._begun()
        self._pending.forget.update(forget or {})

    def commit_if_due(self) -> None:
        """Commit, if there is enough to, or something has waited long enough."""
        pending, rhythm = self._pending, self._rhythm
        if pending.since is None:
            if self.followed.waiting and self._clock() - self._last_commit >= _REPORT_SECONDS:
                self.commit()
            return
        waited = self._clock() - pending.since
        if pending.ratings >= rhythm.commit_ratings or waited >= rhythm.commit_seconds:
            self.commit()

    def commit(self, *, finished: bool = False) -> None:
        """Make everything last that has happened, and hand the rows to the sinks."""
        if not self._pending.empty or self._cursors or self.followed.waiting:
            self._commit(self._upkeep.finished() or Kept(), finished=finished)
            self._upkeep.start_if_due(self._number, self._engine)

    def _commit(self, kept: Kept, *, finished: bool = False) -> None:
        pending, self._pending = self._pending, _Pending()
        self._cursors |= self.followed.take()
        self._last_commit = self._clock()
        if pending.empty and not self._cursors and kept == Kept():
            return
        rows = WindowRows.concat(pending.rows) if pending.rows else None
        self._marks += len(pending.marks)
        self._count(pending)
        books = self._audited()
        outbox = self._outbox(rows)
        began = self._clock()
        self._number = self._journal.commit(
            Commit(
                entry=Entry.of(pending.parts, pending.marks),
                rejects=[*pending.rejects, *pending.impossible],
                positions=self._positions,
                rows=outbox,
                cursors=self._cursors,
                notes=pending.notes,
                forget=pending.forget,
                facts={"marks": self._marks, "books": books, "watermark_ms": self.watermark_ms}
                | self.followed.facts()
                | pending.facts
                | ({"finished": True} if finished else {}),
                snapshot=kept.snapshot,
                panes=kept.panes,
                sealing=kept.sealing,
                merging=kept.merging,
                pruning=kept.pruning,
                # Sinks of its own never fall behind: where one breaks, the run ends.
                rows_done=self.followed.rows_done(bounded=not self._sinks),
            )
        )
        self.commits.add(self._clock() - began)
        self.books = books
        if rows is not None:
            self.rows_committed += len(rows)
        if outbox is not None:
            self.followed.backlog.add(self.rows_committed, len(outbox[1]))
        if kept.outdated:
            self._upkeep.remove(kept.outdated)
        self.followed.committed(self._cursors)
        self._cursors = {}
        if rows is not None and len(rows):
            self._give(rows)

    def _audited(self) -> Books:
        """Both books, counted anew; that they do not balance is said once."""
        books = self._engine.books()
        if not books.balanced and self.books.balanced:
            _LOG.error("the books do not balance: %s", books)
        return books

    def _outbox(self, rows: WindowRows | None) -> tuple[int, bytes] | None:
        """Rows for the outbox; only their number where no sink will want them."""
        if rows is None or not len(rows):
            return None
        return len(rows), encode_rows(rows) if self.followed.wanted else b""

    def _begun(self) -> _Pending:
        if self._pending.since is None:
            self._pending.since = self._clock()
        return self._pending

    def _note_changes(self) -> None:
        """Mark what clock and sources changed; behind a batch before its ratings are counted."""
        for change in self._engine.changes():
            kind = MarkKind.TICK if change.partition < 0 else MarkKind.BUSY
            place = self._pending.ratings + change.row
            what = (change.at_ms, change.partition, change.busy, change.watermark_ms)
            self._pending.mark(Mark(kind, place, *what))

    def _told(
        self, kind: MarkKind, rows: WindowRows, partition: int, value: Any, now_ms: int
    ) -> WindowRows:
        """Mark what a source said; it waits for the next commit, unless it closed something."""
        self._note_changes()
        self._pending.mark(Mark(kind, self._pending.ratings, now_ms, partition, bool(value)))
        return self._caused(rows)

    def _caused(self, rows: WindowRows) -> WindowRows:
        if len(rows):
            self._begun().rows.append(rows)
        return rows

    def _mark(self, kind: MarkKind, rows: WindowRows | None = None, **what: Any) -> WindowRows:
        pending = self._begun()
        pending.mark(Mark(kind, pending.ratings, **what))
        if rows is None:
            rows = WindowRows.empty(self._engine.job.scale.steps)
        pending.rows.append(rows)
        return rows

    def _count(self, pending: _Pending) -> None:
        """Move the positions over what is about to be committed."""
        classes: dict[int, Any] = defaultdict(lambda: np.zeros(len(Class), np.int64))
        for batch, each, _ in pending.parts:
            lanes = len(Class) * batch.partition.astype(np.int64) + each
            for lane in np.flatnonzero(counts := np.bincount(lanes)).tolist():
                partition, kind = divmod(lane, len(Class))
                classes[partition][kind] += counts[lane]
        rejects = Counter(partition for partition, _ in pending.rejects)
        for partition in classes.keys() | rejects.keys():
            at = self._positions.get(partition) or Position(self._names[partition])
            moved = at.moved(classes[partition].tolist(), rejects[partition])
            self._positions[partition] = moved

    def _give(self, rows: WindowRows) -> None:
        for sink in self._sinks:
            reached("sink.before")
            sink.write(rows)
            reached("sink.written")
            cursor = sink.secured()
            if sink.lasting:
                self._cursors[sink.name] = cursor
            reached("sink.secured")

    def _catch_up(self) -> None:
        """Give each sink the committed rows that it does not hold for certain."""
        for sink in self._sinks:
            if not sink.lasting:
                continue
            known = self._journal.cursor(sink.name)
            held = next_row = known.rows
            for first, body in self._journal.rows(held):
                if first > next_row:
                    raise _rows_gone(sink.name, held, first)
                rows = decode_rows(body)
                next_row = first + len(rows)
                sink.write(rows.take(slice(max(held - first, 0), None)))
            if next_row < self._journal.row_count():
                raise _rows_gone(sink.name, held, self._journal.row_count())
            cursor = sink.secured()
            if cursor != known:
                self._cursors[sink.name] = cursor


def _rows_gone(sink: str, held: int, first: int) -> OtherState:
    return OtherState(
        f"{sink} holds {held:,} window rows, and the state keeps only those from {first:,} on",
        hint="Give the outputs that the run began with, or --again",
    )
