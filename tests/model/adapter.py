"""The model behind the engine's calls, so that the same scripts drive both."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from model.model import Model
from model.values import Rating
from starwatch.ratings.batch import NO_TIME
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the model says to a batch."""

    rows: WindowRows
    classes: np.ndarray


class ModelEngine:
    """Takes columns, hands them to the model one by one, and gives columns back."""

    def __init__(self, job) -> None:
        self._model = Model(job)
        self._steps = job.scale.steps
        self.products = ProductIds()

    @property
    def watermark_ms(self):
        return self._model.watermark_ms

    def join(self, partition, /, *, caught_up=False):
        self._model.join(partition, caught_up=caught_up)

    def ingest(self, batch, /) -> Outcome:
        rows, classes = [], []
        for rating in ratings_of(batch):
            kind, emitted = self._model.rate(rating)
            rows += emitted
            classes.append(int(kind))
        now = self._model.clock.now
        for partition, reject in batch.rejects:
            rows += self._model.reject(partition, now, reject.reason)
        return Outcome(self._columns(rows), np.array(classes, np.uint8))

    def advance(self, now_ms, /):
        return self._columns(self._model.advance(now_ms))

    def caught_up(self, partition, value, now_ms, /):
        return self._columns(self._model.caught_up(partition, value, now_ms))

    def connected(self, partition, value, now_ms, /):
        return self._columns(self._model.connected(partition, value, now_ms))

    def leave(self, partition, now_ms, /):
        return self._columns(self._model.leave(partition, now_ms))

    def finish(self):
        return self._columns(self._model.finish())

    def provisional(self, spec, /):
        return self._columns(self._model.provisional(spec))

    def books(self):
        return self._model.books()

    def snapshot(self) -> Self:
        return self

    @classmethod
    def restore(cls, job, snapshot, /) -> Self:
        assert job == snapshot._model.job  # noqa: SLF001
        return snapshot

    def restart(self):
        self._model.restart()

    def _columns(self, rows) -> WindowRows:
        if not rows:
            return WindowRows.empty(self._steps)
        spec, product, end, stars, revision = zip(*rows, strict=True)
        return WindowRows(
            spec=np.array(spec, np.int16),
            product=self.products.encode(pa.array(product, pa.string())),
            end_ms=np.array(end, np.int64),
            stars=np.array(stars, np.int64),
            revision=np.array(revision, np.int32),
        )


def ratings_of(batch) -> list[Rating]:
    """The ratings of a batch, one by one."""
    ids = [""] * len(batch) if batch.rating_id is None else batch.rating_id.to_pylist()
    events = [None if time == NO_TIME else time for time in batch.event_ms.tolist()]
    columns = (
        batch.arrival_ms.tolist(),
        batch.partition.tolist(),
        batch.position.tolist(),
        batch.product.to_pylist(),
        batch.reviewer.to_pylist(),
        batch.stars.tolist(),
        events,
        ids,
    )
    return [Rating(*cells) for cells in zip(*columns, strict=True)]
