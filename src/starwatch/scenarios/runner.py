"""Runs a script on an engine and says where the two differ (architecture §8)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from starwatch.admission.ledger import Books, Class
from starwatch.ratings.batch import NO_TIME, Batch
from starwatch.ratings.rejects import Reject as Refused
from starwatch.scenarios import report
from starwatch.scenarios.runnable import Factory
from starwatch.scenarios.steps import (
    CaughtUp,
    Connected,
    End,
    Event,
    Expectation,
    ExpectBooks,
    ExpectClass,
    ExpectProvisional,
    ExpectRows,
    ExpectWatermark,
    Join,
    Leave,
    Rate,
    Reject,
    Restart,
    Row,
    Script,
    Tick,
)
from starwatch.windows.rows import WindowRows


@dataclass(frozen=True, slots=True)
class Failure:
    """The first expectation of a script that did not hold.

    Attributes:
        line: Where it stands in the file.
        what: What differs, in one line.
        diff: Expected and got, line by line.
    """

    line: int
    what: str
    diff: tuple[str, ...] = ()


def run_script(script: Script, factory: Factory, *, batches: bool = False) -> Failure | None:
    """Run a script to its end or to the first difference.

    Args:
        script: What happens, and what must come of it.
        factory: Makes the engine.
        batches: Hand over ratings that follow one another as one batch, not one by one. Rows never
            depend on it.

    Returns:
        The difference, or None where there is none.
    """
    run = _Run(script, factory, batches=batches)
    for step in script.steps:
        if not isinstance(step, Expectation):
            run.happen(step)
        elif failure := run.check(step):
            return failure
    return run.silence()


class _Run:
    """One run: the engine, what it emitted that was not expected yet, and the open batch."""

    def __init__(self, script: Script, factory: Factory, *, batches: bool) -> None:
        self._setting = script.setting
        self._factory = factory
        self._batches = batches
        self._engine = factory(script.setting.job)
        self._rows: list[Row] = []
        self._waiting: list[Rate] = []
        self._last = Class.COUNTED
        self._line = script.steps[-1].line if script.steps else 1
        for number, (_, caught_up) in enumerate(script.setting.partitions):
            self._engine.join(number, caught_up=caught_up)

    def happen(self, event: Event) -> None:
        if isinstance(event, Rate):
            self._waiting.append(event)
            if self._batches:
                return
        self._hand_over()
        if not isinstance(event, Rate):
            self._emitted(self._other(event))

    def check(self, step: Expectation) -> Failure | None:
        self._hand_over()
        match step:
            case ExpectRows(line, rows):
                got, self._rows = tuple(self._rows), []
                return self._compare(line, "rows", rows, got)
            case ExpectClass(line, kind):
                if kind is self._last:
                    return None
                return Failure(line, f"the rating is {_name(self._last)}, not {_name(kind)}")
            case ExpectWatermark(line, at_ms):
                return self._compare_watermark(line, at_ms)
            case ExpectProvisional(line, spec, rows):
                got = tuple(self._plain(self._engine.provisional(spec)))
                return self._compare(line, "provisional rows", rows, got)
            case ExpectBooks(line, books):
                return self._compare_books(line, books)

    def silence(self) -> Failure | None:
        """At the end no row may be left that nobody expected."""
        self._hand_over()
        return self._compare(self._line, "rows after the last expectation", (), tuple(self._rows))

    def _hand_over(self) -> None:
        if self._waiting:
            answer = self._engine.ingest(_batch(self._waiting))
            self._waiting = []
            self._last = Class(int(answer.classes[-1]))
            self._emitted(answer.rows)

    def _other(self, event: Event) -> WindowRows:  # noqa: PLR0911
        engine = self._engine
        match event:
            case Tick(_, at_ms):
                return engine.advance(at_ms)
            case Reject():
                self._emitted(engine.advance(event.at_ms))
                return engine.ingest(_reject_batch(event)).rows
            case CaughtUp(_, at_ms, partition, value):
                return engine.caught_up(partition, value, at_ms)
            case Connected(_, at_ms, partition, value):
                return engine.connected(partition, value, at_ms)
            case Leave(_, at_ms, partition):
                return engine.leave(partition, at_ms)
            case Join(_, at_ms, partition, caught_up):
                rows = engine.advance(at_ms)
                engine.join(partition, caught_up=caught_up)
                return rows
            case End():
                return engine.finish()
            case Restart():
                self._engine = self._factory.restore(self._setting.job, engine.snapshot())
                self._engine.restart()
        return WindowRows.empty(self._setting.job.scale.steps)

    def _emitted(self, rows: WindowRows) -> None:
        self._rows.extend(self._plain(rows))

    def _plain(self, rows: WindowRows) -> list[Row]:
        products = self._engine.products.texts(rows.product)
        stars = (tuple(counts) for counts in rows.stars.tolist())
        columns = (
            rows.spec.tolist(),
            products,
            rows.end_ms.tolist(),
            stars,
            rows.revision.tolist(),
        )
        return [Row(*cells) for cells in zip(*columns, strict=True)]

    def _compare(
        self, line: int, what: str, expected: Sequence[Row], got: Sequence[Row]
    ) -> Failure | None:
        if tuple(expected) == tuple(got):
            return None
        texts = [[report.row_text(r, self._setting) for r in rows] for rows in (expected, got)]
        return Failure(line, f"the {what} differ", report.diff(*texts))

    def _compare_watermark(self, line: int, expected: int | None) -> Failure | None:
        got = self._engine.watermark_ms
        if got == expected:
            return None
        times = [report.watermark_text(at, self._setting) for at in (got, expected)]
        return Failure(line, f"the watermark is {times[0]}, not {times[1]}")

    def _compare_books(self, line: int, expected: Books) -> Failure | None:
        got = self._engine.books()
        texts = [report.books_lines(books, self._setting) for books in (expected, got)]
        if texts[0] == texts[1]:
            return None
        return Failure(line, "the books differ", report.diff(*texts))


def _name(kind: Class) -> str:
    return kind.name.lower()


def _batch(rates: Sequence[Rate]) -> Batch:
    times = [NO_TIME if r.event_ms is None else r.event_ms for r in rates]
    return Batch(
        arrival_ms=np.array([r.at_ms for r in rates], np.int64),
        partition=np.array([r.partition for r in rates], np.int32),
        position=np.array([r.position for r in rates], np.int64),
        product=pa.array([r.product for r in rates], pa.string()),
        reviewer=pa.array([r.reviewer for r in rates], pa.string()),
        stars=np.array([r.star for r in rates], np.uint8),
        event_ms=np.array(times, np.int64),
        rating_id=pa.array([r.rating_id for r in rates], pa.string()),
    )


def _reject_batch(reject: Reject) -> Batch:
    refused = Refused(reject.position, reject.reason, b"")
    return Batch(
        arrival_ms=np.empty(0, np.int64),
        partition=np.empty(0, np.int32),
        position=np.empty(0, np.int64),
        product=pa.array([], pa.string()),
        reviewer=pa.array([], pa.string()),
        stars=np.empty(0, np.uint8),
        event_ms=np.empty(0, np.int64),
        rejects=((reject.partition, refused),),
    )
