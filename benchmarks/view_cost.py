"""What a view costs a service: processor time of following 5,000 ratings/s of 100,000 products.

Another process commits four times a second, as a service does; this one only follows, so that its
processor time is the cost. Sides take turns: a view alone, and one whose tables are looked at after
each change, as a tab does.
"""

import multiprocessing
import tempfile
import time
from contextlib import closing
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.measuring import Given, Result, main
from benchmarks.views import JOB, PRODUCTS, RATE, ratings_of
from starwatch.history.files import write_tables
from starwatch.journal.entries import Entry
from starwatch.journal.pane_files import PaneRange
from starwatch.journal.places import Places
from starwatch.journal.store import Commit, Journal
from starwatch.service.state import job_facts
from starwatch.views import ProductQuery, Views

COMMIT_SECONDS = 0.25
SIDE_SECONDS = 8.0
BEFORE_SECONDS = 120
"""So much lies behind already: the newest windows are full, and all products are known."""


def measure(given: Given) -> list[Result]:
    shares: dict[str, list[float]] = {"no tab": [], "one tab": []}
    with tempfile.TemporaryDirectory() as folder:
        context = multiprocessing.get_context("spawn")
        ready, done = context.Event(), context.Event()
        writer = context.Process(target=service, args=(folder, ready, done))
        writer.start()
        try:
            ready.wait()
            with Views.open(Path(folder)) as views:
                for side in [*shares] * (given.repeats + 1):
                    shares[side].append(share(views, looking=side == "one tab"))
        finally:
            done.set()
            writer.join()
    return [
        Result(
            f"views: following {RATE:,} ratings/s of {PRODUCTS:,} products, {side}",
            100 * float(np.median(found[1:])),
            "% of a core",
            must=5 if side == "no tab" else None,
            aim=2 if side == "no tab" else None,
            more=False,
        )
        for side, found in shares.items()
    ]


def share(views: Views, *, looking: bool) -> float:
    """Processor time of this process in a second."""
    begun, wall, seq = time.process_time(), time.monotonic(), views.seq
    while (left := wall + SIDE_SECONDS - time.monotonic()) > 0:
        if not looking:
            time.sleep(left)
            continue
        seen, seq = seq, views.wait(seq, left)
        if seq != seen:
            views.products(ProductQuery())
            views.about()
    return (time.process_time() - begun) / (time.monotonic() - wall)


def service(folder: str, ready: Event, done: Event) -> None:
    """Writes a state as a service does, in real time."""
    rng, places = np.random.default_rng(1), Places(Path(folder))
    ids = pa.array([f"B{number:09d}" for number in range(PRODUCTS)])
    begin = time.time_ns() // 10**6 // 1000 * 1000 - BEFORE_SECONDS * 1000
    places.history.mkdir()
    with closing(Journal(places.database)) as journal:
        journal.note({"job": job_facts(JOB), "live": True})
        before = ratings_of(rng, ids, begin, BEFORE_SECONDS * 1000)
        tables = write_tables(places.history, JOB, pa.Table.from_batches([before]), "0" * 12)
        at = begin + BEFORE_SECONDS * 1000
        fact = {"watermark_ms": at}
        journal.commit(Commit(Entry(before.slice(0, 0)), facts=fact, panes=PaneRange(1, tables)))
        ready.set()
        step = int(COMMIT_SECONDS * 1000)
        while not done.wait(max(at + step - time.time_ns() / 1e6, 0) / 1000):
            entry = Entry(ratings_of(rng, ids, at, step))
            at += step
            journal.commit(Commit(entry, facts={"watermark_ms": at}))


if __name__ == "__main__":
    main(measure)
