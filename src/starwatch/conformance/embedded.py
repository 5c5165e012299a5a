"""Plays a stream on the embedded engine, and keeps what a service would journal of it."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from starwatch.codecs.payloads import Payloads
from starwatch.conformance.findings import CLASSES, REJECTED, Findings, Stars, Window
from starwatch.conformance.stream import INPUT, Happening, Messages, Place, Stream
from starwatch.engine import Engine
from starwatch.ratings.batch import NO_TIME, Batch
from starwatch.recompute.ratings import Mark
from starwatch.scenarios.steps import CaughtUp, Connected, Join, Leave, Restart, Tick
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.rows import WindowRows

_AT_ONCE = 65_536
"""Messages a batch: as many as a large commit has."""


@dataclass(frozen=True, slots=True)
class Played:
    """A stream, what the embedded engine made of it, and its journal.

    Attributes:
        stream: The stream.
        findings: What the engine made of it.
        missed: How many windows counted ratings were too late for.
        batches: What it ingested, in order.
        classes: The class of each rating of each batch, uint8.
        marks: What happened between ratings, as a recomputation takes it.
    """

    stream: Stream
    findings: Findings
    missed: int
    batches: list[Batch] = field(repr=False)
    classes: list[NDArray[np.uint8]] = field(repr=False)
    marks: list[Mark] = field(repr=False)


def play(stream: Stream) -> Played:
    """Play a stream from its first step to its end, where all windows close."""
    return _Play(stream).to_the_end()


def window_times(batch: Batch, job: Job) -> NDArray[np.int64]:
    """The window time of each rating of a batch."""
    own = batch.event_ms != NO_TIME
    by_arrival = job.time is WindowTime.ARRIVAL
    return batch.arrival_ms if by_arrival else np.where(own, batch.event_ms, batch.arrival_ms)


def _rules(job: Job) -> Job:
    """By arrival an event time is part of what a rating is, and no time is impossible for it."""
    if job.time is WindowTime.ARRIVAL:
        return replace(job, oldest_ms=None, ahead_ms=None)
    return job


class _Play:
    """One run: the engine, its rows so far, and the journal."""

    def __init__(self, stream: Stream) -> None:
        # configuration
        self._stream = stream
        self._payloads = Payloads(INPUT, stream.job.scale)
        # state
        self._engine = Engine(_rules(stream.job))
        self._ratings = 0
        self._batches: list[Batch] = []
        self._classes: list[NDArray[np.uint8]] = []
        self._marks: list[Mark] = []
        self._rows: dict[Window, Stars] = {}
        self._others: dict[Place, str] = {}
        self._behind: dict[Place, int] = {}

    def to_the_end(self) -> Played:
        for number, caught_up in enumerate(self._stream.caught_up):
            self._join(number, caught_up=caught_up)
        for step in self._stream.steps:
            if isinstance(step, Messages):
                for start in range(0, len(step), _AT_ONCE):
                    self._take(step.slice(start, start + _AT_ONCE))
            else:
                self._emitted(self._happen(step))
                self._changes()
        self._emitted(self._engine.finish())
        self._marks.append(Mark(self._ratings, "finish"))
        books = self._engine.books()
        return Played(
            stream=self._stream,
            findings=Findings(self._rows, self._others, books.counted, self._behind),
            missed=sum(spec.missed for spec in books.specs),
            batches=self._batches,
            classes=self._classes,
            marks=self._marks,
        )

    def _take(self, messages: Messages) -> None:
        batch = self._decoded(messages)
        if len(messages) == 1:  # one that nobody can read lets time go on, too
            self._emitted(self._engine.advance(int(messages.at_ms[0])))
            self._changes()
        outcome = self._engine.ingest(batch)
        self._changes()
        self._ratings += len(batch)
        self._batches.append(batch)
        self._classes.append(outcome.classes)
        self._emitted(outcome.rows)
        for partition, reject in batch.rejects:
            self._others[partition, reject.position] = REJECTED
        met = outcome.met()
        for row in np.flatnonzero((outcome.classes > 0) | (met != NO_TIME)).tolist():
            place = int(batch.partition[row]), int(batch.position[row])
            if outcome.classes[row]:
                self._others[place] = CLASSES[outcome.classes[row]]
            else:
                self._behind[place] = int(met[row])

    def _decoded(self, messages: Messages) -> Batch:
        """The ratings of messages; each message is one rating or one reject."""
        decoded = self._payloads.decode(messages.values, np.arange(len(messages)))
        rows = decoded.position
        at_ms = messages.at_ms[rows]
        refused = np.array([reject.position for reject in decoded.rejects], np.int64)
        places = zip(messages.partition[refused], messages.offset[refused], strict=True)
        return Batch(
            arrival_ms=at_ms,
            partition=messages.partition[rows],
            position=messages.offset[rows],
            product=decoded.product,
            reviewer=decoded.reviewer,
            stars=decoded.stars,
            event_ms=decoded.event_ms,
            rating_id=decoded.rating_id,
            rejects=[
                (int(partition), replace(reject, position=int(offset)))
                for (partition, offset), reject in zip(places, decoded.rejects, strict=True)
            ],
            reject_arrival_ms=messages.at_ms[refused],
        )

    def _happen(self, step: Happening) -> WindowRows:
        engine = self._engine
        match step:
            case Tick(_, at_ms):
                return engine.advance(at_ms)
            case CaughtUp(_, at_ms, partition, value):
                return engine.caught_up(partition, value, at_ms)
            case Connected(_, at_ms, partition, value):
                return engine.connected(partition, value, at_ms)
            case Leave(_, at_ms, partition):
                rows = engine.leave(partition, at_ms)
                self._changes()
                self._marks.append(Mark(self._ratings, "leave", partition, at_ms))
                return rows
            case Join(_, at_ms, partition, caught_up):
                rows = engine.advance(at_ms)
                self._changes()
                self._join(partition, caught_up=caught_up)
                return rows
            case Restart():
                self._engine = Engine.restore(engine.job, engine.snapshot())
                self._engine.restart()
        return WindowRows.empty(engine.job.scale.steps)

    def _join(self, partition: int, *, caught_up: bool) -> None:
        self._engine.join(partition, caught_up=caught_up)
        self._marks.append(Mark(self._ratings, "join", partition))
        self._changes()

    def _changes(self) -> None:
        """Note what the clock and the sources did to the watermark, in its place among ratings."""
        for change in self._engine.changes():
            kind = "tick" if change.partition < 0 else "busy"
            after = self._ratings + change.row
            what = (change.partition, change.at_ms, change.busy, change.watermark_ms)
            self._marks.append(Mark(after, kind, *what))

    def _emitted(self, rows: WindowRows) -> None:
        labels = [window.label for window in self._stream.job.windows]
        columns = (
            rows.spec.tolist(),
            self._engine.products.texts(rows.product),
            rows.end_ms.tolist(),
            rows.revision.tolist(),
            rows.stars.tolist(),
        )
        for spec, product, end_ms, revision, stars in zip(*columns, strict=True):
            key = (labels[spec], product, end_ms, revision)
            while key in self._rows:
                key = (*key[:3], key[3] + 1)
            self._rows[key] = tuple(stars)
