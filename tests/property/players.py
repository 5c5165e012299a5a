"""Plays one stream on the model, rating by rating, and on the engine, in batches."""

import numpy as np
import pyarrow as pa

from model import Model, Rating
from property.streams import Call, Rate
from starwatch.engine import Engine, Outcome
from starwatch.ratings.batch import NO_TIME, Batch
from starwatch.ratings.rejects import Reason, Reject
from starwatch.windows.job import Job
from starwatch.windows.rows import WindowRows

START_MS = 100_000


def as_tuples(rows: WindowRows, engine: Engine) -> list[tuple]:
    return list(
        zip(
            rows.spec.tolist(),
            engine.products.texts(rows.product),
            rows.end_ms.tolist(),
            map(tuple, rows.stars.tolist()),
            rows.revision.tolist(),
            strict=True,
        )
    )


def timed(steps: list) -> list[tuple[int, object]]:
    now, out = START_MS, []
    for step in steps:
        now += step.gap
        out.append((now, step))
    return out


def rating(now: int, position: int, step: Rate) -> Rating:
    event = None if step.delay is None else now - step.delay
    return Rating(
        now, step.partition, position, step.product, step.reviewer, step.star, event, step.rating_id
    )


def on_model(job: Job, caught_up: list[bool], steps: list) -> tuple[Model, list, list]:
    model, rows, classes = Model(job), [], []
    for partition, value in enumerate(caught_up):
        model.join(partition, caught_up=value)
    for position, (now, step) in enumerate(timed(steps)):
        if isinstance(step, Rate):
            what, new = model.rate(rating(now, position, step))
            classes.append(int(what))
            rows += new
        elif step.name == "restart":
            model.restart()
        elif step.name == "reject":
            rows += model.reject(step.partition, now, Reason.UNREADABLE)
        elif step.name == "advance":
            rows += model.advance(now)
        else:
            method = model.connected if "connected" in step.name else model.caught_up
            rows += method(step.partition, step.name in ("caught_up", "connected"), now)
    return model, rows, classes


class Player:
    """Plays a stream on the engine; ratings wait until a batch is full or something else comes."""

    def __init__(self, job: Job, caught_up: list[bool], cuts: list[int]) -> None:
        self.engine = Engine(job)
        self.rows: list = []
        self.classes: list[int] = []
        self._cuts = cuts or [1]
        self._turn = 0
        self._waiting: list[Rating] = []
        for partition, value in enumerate(caught_up):
            self.engine.join(partition, caught_up=value)

    def play(self, steps: list) -> None:
        for position, (now, step) in enumerate(timed(steps)):
            if isinstance(step, Rate):
                self._waiting.append(rating(now, position, step))
                if len(self._waiting) >= self._cuts[self._turn % len(self._cuts)]:
                    self.send()
            else:
                self.send()
                self.call(now, step)
        self.send()

    def call(self, now: int, step: Call) -> None:
        engine = self.engine
        if step.name == "restart":
            self.engine = Engine.restore(engine.job, engine.snapshot())
            self.engine.restart()
        elif step.name == "reject":
            self.keep(engine.advance(now))
            reject = Reject(0, Reason.UNREADABLE, b"?")
            self.keep(engine.ingest(batch_of([], [(step.partition, reject)])).rows)
        elif step.name == "advance":
            self.keep(engine.advance(now))
        else:
            method = engine.connected if "connected" in step.name else engine.caught_up
            self.keep(method(step.partition, step.name in ("caught_up", "connected"), now))

    def send(self) -> None:
        if self._waiting:
            batch = batch_of(self._waiting)
            outcome = self.engine.ingest(batch)
            self.took(batch, outcome)
            self.classes += outcome.classes.tolist()
            self.keep(outcome.rows)
            self._waiting = []
            self._turn += 1

    def took(self, batch: Batch, outcome: Outcome) -> None:
        """For those who want to know what became of a batch."""

    def keep(self, rows: WindowRows) -> None:
        self.rows += as_tuples(rows, self.engine)


def batch_of(ratings: list[Rating], rejects: list | tuple = ()) -> Batch:
    times = [NO_TIME if r.event_ms is None else r.event_ms for r in ratings]
    return Batch(
        arrival_ms=np.array([r.arrival_ms for r in ratings], np.int64),
        partition=np.array([r.partition for r in ratings], np.int32),
        position=np.array([r.position for r in ratings], np.int64),
        product=pa.array([r.product for r in ratings], pa.string()),
        reviewer=pa.array([r.reviewer for r in ratings], pa.string()),
        stars=np.array([r.star_index for r in ratings], np.uint8),
        event_ms=np.array(times, np.int64),
        rating_id=pa.array([r.rating_id for r in ratings], pa.string()),
        rejects=rejects,
    )
