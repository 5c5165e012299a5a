"""Content duplicates on against off, and the memory of a remembered rating.

From CSV to closed windows, and from columns: there a stream at 10,000 ratings a second with one in
a hundred twice. At the default of four million entries the memory is full after four million
ratings; from there on every newcomer pushes the oldest out.
"""

import multiprocessing

from benchmarks.data import made
from benchmarks.live_stream import live_stream
from benchmarks.measuring import Given, Result, main, medians, resident_bytes
from benchmarks.windows import BATCH_ROWS, replayed
from starwatch.admission.duplicates import Memory
from starwatch.engine import Engine
from starwatch.ratings.batch import Batch
from starwatch.replay.pace import Order
from starwatch.windows.job import Duplicates, Job

ROWS, RATINGS = 10_000_000, 8_000_000
OFF, CONTENT = KINDS = (Duplicates.OFF, Duplicates.CONTENT)


def measure(given: Given) -> list[Result]:
    stream = live_stream(given.data, RATINGS)
    found = played(stream, CONTENT).books().duplicate
    if not RATINGS // 110 < found < RATINGS // 90:
        raise SystemExit(f"{found} duplicates are not what was put in")
    path = made(given.data, "ratings.csv")
    took = medians(
        {
            ("csv", kind): lambda kind=kind: replayed(path, Order.FILE, duplicates=kind)
            for kind in KINDS
        }
        | {("columns", kind): lambda kind=kind: played(stream, kind) for kind in KINDS},
        given.repeats,
    )
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        grown, entries = pool.apply(bytes_a_rating, (given,))
    return [
        Result(
            "10 content duplicates on against off, CSV → closed windows (`--order file`)",
            took["csv", OFF] / took["csv", CONTENT],
            must=0.5,
            aim=0.8,
            detail=f"{ROWS / took['csv', CONTENT] / 1e6:.2f} M/s against "
            f"{ROWS / took['csv', OFF] / 1e6:.2f} M/s",
        ),
        Result(
            "10 the same from columns, one rating in a hundred twice",
            took["columns", OFF] / took["columns", CONTENT],
            detail=f"{RATINGS / took['columns', CONTENT] / 1e6:.2f} M/s against "
            f"{RATINGS / took['columns', OFF] / 1e6:.2f} M/s; {found:,} duplicates",
        ),
        Result(
            "10 memory of a remembered rating, when it is full",
            grown,
            unit="B",
            must=32,
            aim=16,
            more=False,
            detail=f"{entries:,} ratings",
        ),
    ]


def played(stream: Batch, kind: Duplicates) -> Engine:
    """All of it through an engine; the rows of each batch are let go."""
    engine = Engine(Job(duplicates=kind))
    engine.join(0)
    for at in range(0, len(stream), BATCH_ROWS):
        engine.ingest(stream.slice(at, at + BATCH_ROWS))
    return engine


def bytes_a_rating(given: Given) -> tuple[float, int]:
    job = Job(duplicates=CONTENT)
    stream = live_stream(given.data, job.max_entries * 5 // 4)
    before = resident_bytes()
    memory = Memory(job)
    for at in range(0, len(stream), BATCH_ROWS):
        batch = stream.slice(at, at + BATCH_ROWS)
        memory.find(batch, batch.event_ms, batch.event_ms)
    del batch
    return (resident_bytes() - before) / job.max_entries, job.max_entries


if __name__ == "__main__":
    main(measure)
