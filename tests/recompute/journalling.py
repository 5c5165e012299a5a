"""The model, and what a service would journal of a run: ratings, and what moved the watermark."""

import numpy as np

from model import Model
from property.players import batch_of, rating, timed
from property.streams import Rate
from starwatch.cli.recomputing import rules_of
from starwatch.ratings.rejects import Reason
from starwatch.recompute.ratings import Mark
from starwatch.recompute.run import Recomputation


class Journalling:
    """Drives the model by the engine's calls, and keeps what is to be journalled.

    Of the clock only what it did is kept: which partitions hold the watermark, and where it moved
    the watermark itself. A recomputation knows nothing of caught up, connected or idle.
    """

    def __init__(self, job) -> None:
        self.job = job
        self.model = Model(job)
        self.rows: list = []
        self.classes: list[int] = []
        self.ratings: list = []
        self.marks: list[Mark] = []
        self.reasons: list[Reason] = []
        self._busy: dict[int, bool] = {}

    def join(self, partition, *, caught_up=False):
        self.model.join(partition, caught_up=caught_up)
        self._mark("join", partition)
        self._busy[partition] = True
        self._changes()

    def rate(self, rating):
        self.advance(rating.arrival_ms)
        kind, rows = self.model.rate(rating)
        self._changes()  # its partition wakes before the rating, which moves the watermark then
        self.ratings.append(rating)
        self.classes.append(int(kind))
        self.rows += rows
        return kind

    def reject(self, partition, now, reason):
        self.advance(now)
        self.rows += self.model.reject(partition, now, reason)
        self.reasons.append(reason)

    def advance(self, now):
        before = self.model.watermark_ms
        self.rows += self.model.advance(now)
        self._settle(before, now)

    def tell(self, name, partition, value, now):
        self.advance(now)
        before = self.model.watermark_ms
        self.rows += getattr(self.model, name)(partition, value, now)
        self._settle(before, now)

    def leave(self, partition, now):
        self.advance(now)
        before = self.model.watermark_ms
        self.rows += self.model.leave(partition, now)
        del self._busy[partition]
        self._mark("leave", partition, at_ms=now)
        self._settle(before, now)

    def restart(self):
        self.model.restart()
        self._changes()

    def finish(self):
        self.rows += self.model.finish()
        self._mark("finish")

    def _settle(self, before, now):
        changed, after = self._changes(), self.model.watermark_ms
        by_clock = after if after != before and not any(self._busy.values()) else None
        if changed or by_clock is not None:
            self._mark("tick", at_ms=now, watermark_ms=by_clock)

    def _changes(self) -> bool:
        clock, changed = self.model.clock, False
        for number, partition in clock.partitions.items():
            now = clock.now if clock.now is not None else 0
            busy = partition.in_minimum(now) and not partition.idle(now)
            if busy != self._busy[number]:
                self._busy[number] = busy
                self._mark("busy", number, value=busy)
                changed = True
        return changed

    def _mark(self, kind, partition=-1, **what):
        self.marks.append(Mark(len(self.ratings), kind, partition, **what))


def play(job, caught_up, steps) -> Journalling:
    """A stream of `property.streams`, journalled; it is not finished."""
    run = Journalling(job)
    for partition, value in enumerate(caught_up):
        run.join(partition, caught_up=value)
    for position, (now, step) in enumerate(timed(steps)):
        if isinstance(step, Rate):
            run.rate(rating(now, position, step))
        elif step.name == "restart":
            run.restart()
        elif step.name == "reject":
            run.reject(step.partition, now, Reason.UNREADABLE)
        elif step.name == "advance":
            run.advance(now)
        else:
            method = "connected" if "connected" in step.name else "caught_up"
            run.tell(method, step.partition, step.name in ("caught_up", "connected"), now)
    return run


def recomputed(inputs, run) -> Recomputation:
    """What SQL makes of a journalled run; `inputs` is a fresh `Inputs`."""
    inputs.batch(batch_of(run.ratings), np.array(run.classes, np.uint8))
    inputs.rejects.update(str(reason) for reason in run.reasons)
    for mark in run.marks:
        inputs.mark(mark)
    inputs.finish()
    return Recomputation(inputs.database, rules_of(run.job))


def as_tuples(recomputation, *, emitted=True) -> list[tuple]:
    """Its rows as the model has them."""
    table = recomputation.rows(emitted=emitted)
    stars = zip(
        *(table[name].to_pylist() for name in recomputation.rules.stars.columns), strict=True
    )
    columns = [table[name].to_pylist() for name in ("spec", "product", "end_ms")]
    return list(zip(*columns, stars, table["revision"].to_pylist(), strict=True))


def in_order(rows) -> list[tuple]:
    """The model's rows in the order of a recomputation."""
    return sorted(rows, key=lambda r: (r[2], r[0], r[1].encode(), r[4]))


def same_books(counts, books) -> bool:
    """Whether the recomputation's books are the ledger's."""
    names = ("received", "counted", "duplicate", "late", "rejected")
    theirs = [(book.expected, book.closed, book.open, book.missed) for book in books.specs]
    ours = [(book.expected, book.closed, book.open, book.missed) for book in counts.specs]
    reasons = {str(reason): number for reason, number in books.reasons.items()}
    return (
        [getattr(counts, n) for n in names] == [getattr(books, n) for n in names]
        and ours == theirs
        and counts.reasons == reasons
    )
