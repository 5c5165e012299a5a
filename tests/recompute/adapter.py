"""A recomputation behind the engine's calls, so that scenarios run on it too.

Whatever is asked for, all windows of everything so far are computed anew. What the clock did comes
from the model, as a service would have journalled it.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from model.adapter import ratings_of
from model.values import INFINITY
from recompute.journalling import Journalling, as_tuples, recomputed
from starwatch.cli.recomputing import books_of
from starwatch.recompute.ratings import Inputs
from starwatch.recompute.sql import END_OF_TIME
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows


@dataclass(frozen=True, slots=True)
class Outcome:
    rows: WindowRows
    classes: np.ndarray


class RecomputingEngine:
    """Keeps inputs; its rows are those of the last recomputation that were not there before."""

    def __init__(self, database, job) -> None:
        self._database = database
        self._run = Journalling(job)
        self._known: set[tuple] = set()
        self._inputs = (-1, -1)
        self._last = None
        self._compute()
        self.products = ProductIds()

    @property
    def watermark_ms(self):
        found = self._compute().watermark_ms
        return INFINITY if found == END_OF_TIME else found

    def join(self, partition, /, *, caught_up=False):
        self._run.join(partition, caught_up=caught_up)

    def ingest(self, batch, /) -> Outcome:
        rows = []
        for rating in ratings_of(batch):
            self._run.advance(rating.arrival_ms)
            rows += self._news()
            self._run.rate(rating)
            rows += self._news()
        for partition, reject in batch.rejects:
            self._run.reject(partition, self._run.model.clock.now, reject.reason)
            rows += self._news()
        classes = self._compute().classes()[len(self._run.ratings) - len(batch) :]
        return Outcome(self._columns(rows), np.array(classes, np.uint8))

    def advance(self, now_ms, /):
        self._run.advance(now_ms)
        return self._columns(self._news())

    def caught_up(self, partition, value, now_ms, /):
        self._run.tell("caught_up", partition, value, now_ms)
        return self._columns(self._news())

    def connected(self, partition, value, now_ms, /):
        self._run.tell("connected", partition, value, now_ms)
        return self._columns(self._news())

    def leave(self, partition, now_ms, /):
        self._run.leave(partition, now_ms)
        return self._columns(self._news())

    def finish(self):
        self._run.finish()
        return self._columns(self._news())

    def books(self):
        return books_of(self._compute().counts())

    def snapshot(self):
        return self

    def restart(self):
        self._run.restart()

    def _compute(self):
        """The recomputation of all inputs so far."""
        run = self._run
        inputs = (len(run.ratings), len(run.marks) + len(run.reasons))
        if inputs != self._inputs:
            self._inputs = inputs
            self._last = recomputed(Inputs(self._database), run)
        return self._last

    def _news(self) -> list[tuple]:
        """The rows that were not there before, as emitted."""
        if (len(self._run.ratings), len(self._run.marks) + len(self._run.reasons)) == self._inputs:
            return []
        rows = as_tuples(self._compute())
        keys = {(row[:3], row[4]) for row in rows}
        news = [row for row in rows if (row[:3], row[4]) not in self._known]
        self._known = keys
        return news

    def _columns(self, rows) -> WindowRows:
        if not rows:
            return WindowRows.empty(self._run.job.scale.steps)
        spec, product, end, stars, revision = zip(*rows, strict=True)
        return WindowRows(
            spec=np.array(spec, np.int16),
            product=self.products.encode(pa.array(product, pa.string())),
            end_ms=np.array(end, np.int64),
            stars=np.array(stars, np.int64),
            revision=np.array(revision, np.int32),
        )


class Factory:
    """Makes such engines on one database."""

    def __init__(self, database) -> None:
        self._database = database

    def __call__(self, job, /):
        return RecomputingEngine(self._database, job)

    def restore(self, job, snapshot, /):
        del job
        return snapshot
