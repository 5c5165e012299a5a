"""Random jobs with what they journalled and emitted."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from property.players import as_tuples, batch_of, rating, timed
from property.streams import jobs, rates
from starwatch.admission.ledger import Class
from starwatch.engine import Engine
from starwatch.journal.entries import Entry
from starwatch.windows.job import Duplicates, WindowTime


@dataclass(frozen=True, slots=True)
class History:
    """A job, its journalled ratings, and the last row of each window that it emitted.

    `closed` are those that were there, and `watermark_ms` where it stood, before the end.
    """

    job: object
    ratings: object
    newest: dict
    closed: dict
    watermark_ms: int | None


PARTITIONS = 2


@st.composite
def histories(draw):
    job = draw(jobs())
    if draw(st.booleans()):
        job = replace(job, time=WindowTime.EVENT, bound_ms=0, duplicates=Duplicates.OFF)
    engine, parts, rows = Engine(job), [], []
    for partition in range(PARTITIONS):
        engine.join(partition, caught_up=True)
    size = draw(st.integers(0, 60))  # lists of free length are mostly very short
    each = rates(PARTITIONS, job.scale.steps)
    steps = draw(st.lists(each, min_size=size, max_size=size))
    whole = [rating(at, row, step) for row, (at, step) in enumerate(timed(steps))]
    while whole:
        size = draw(st.integers(1, 20))
        batch, whole = batch_of(whole[:size]), whole[size:]
        outcome = engine.ingest(batch)
        parts.append((batch, outcome.classes, outcome.met_ms))
        rows += as_tuples(outcome.rows, engine)
    closed, watermark = newest_of(rows), engine.watermark_ms
    rows += as_tuples(engine.finish(), engine)
    return History(job, Entry.of(parts, []).ratings, newest_of(rows), closed, watermark)


def newest_of(rows):
    return {(spec, product, end): stars for spec, product, end, stars, _ in rows}


def inside(ratings):
    return [r for r in ratings.to_pylist() if r["class"] in (Class.COUNTED, Class.LATE)]


def time_of(row, job):
    own = row["event_ms"] if job.time is WindowTime.EVENT else None
    return row["arrival_ms"] if own is None or own < -(1 << 60) else own
