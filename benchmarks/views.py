"""What a page waits for: 100,000 active products sorted, and series of one of them."""

import itertools
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.measuring import Given, Result, main, medians
from starwatch.history.files import write_tables
from starwatch.journal.entries import Entry
from starwatch.journal.pane_files import PaneRange
from starwatch.journal.places import Places
from starwatch.journal.store import Commit, Journal
from starwatch.ratings.batch import Batch
from starwatch.service.state import job_facts
from starwatch.views import ProductQuery, Views
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec

PRODUCTS, RATE, FILE_SECONDS, SECONDS = 100_000, 5_000, 200, 7_200
BEGIN_MS = 1_790_000_000_000
JOB = Job(time=WindowTime.ARRIVAL, bound_ms=0)


def measure(given: Given) -> list[Result]:
    number, rate = int(PRODUCTS * given.scale), int(RATE * given.scale)
    with tempfile.TemporaryDirectory() as folder:
        make(Places(Path(folder)), number, rate)
        with Views.open(Path(folder)) as views:
            page = views.products(ProductQuery())
            sorts = itertools.cycle(("-count", "mean", "-change", "name"))

            def anew(look: Callable[[], object]) -> Callable[[], object]:
                """A look behind a commit: nothing is known from the one before."""

                def looked() -> object:
                    views._moved()  # noqa: SLF001 - as a commit does it
                    return look()

                return looked

            sides: dict[str, Callable[[], object]] = {
                "series": series_of(views, page.rows.id, page.end_ms or 0),
                "page": anew(lambda: views.products(ProductQuery(sort=next(sorts)))),
                "searched": anew(lambda: views.products(ProductQuery(q="0042"))),
                "overview": anew(lambda: views.overview(ProductQuery())),
            }
            took = medians(sides, given.repeats)
        took |= medians({"open": lambda: Views.open(Path(folder)).close()}, given.repeats)
    names: dict[str, tuple[str, float | None, float | None]] = {
        "series": (f"2 h at 5 s of one of {number:,} active products", 150, 50),
        "page": (f"page of {number:,} products, sorted, behind a commit", 40, 20),
        "searched": (f"{number:,} products searched, behind a commit", 40, 20),
        "overview": (f"overview of {number:,} products, behind a commit", 40, 20),
        "open": (
            f"open a state of {number:,} products, {rate * FILE_SECONDS:,} ratings in no file",
            None,
            None,
        ),
    }
    return [
        Result(f"views: {name}", took[side] * 1000, "ms", must=must, aim=aim, more=False)
        for side, (name, must, aim) in names.items()
    ]


def series_of(views: Views, ids: object, end_ms: int) -> Callable[[], object]:
    """Draws the series of another product at each call."""
    products = iter([*ids] * 100)  # type: ignore[misc]
    span = (end_ms - SECONDS * 1000, end_ms)
    return lambda: views.series(next(products), WindowSpec(), *span, emitted=True)


def make(places: Places, number_of: int, rate: int) -> None:
    """A state of two hours, of which the journal holds the last minutes."""
    rng = np.random.default_rng(1)
    ids = pa.array([f"B{number:09d}" for number in range(number_of)])
    places.history.mkdir()
    with closing(Journal(places.database)) as journal:
        journal.note({"job": job_facts(JOB)})
        for number, second in enumerate(range(0, SECONDS, FILE_SECONDS), 1):
            begin = BEGIN_MS + second * 1000
            ratings = ratings_of(rng, ids, begin, FILE_SECONDS * 1000, rate)
            fact = {"watermark_ms": BEGIN_MS + (second + FILE_SECONDS) * 1000}
            if second + FILE_SECONDS >= SECONDS:
                journal.commit(Commit(Entry(ratings), facts=fact))
                return
            table, stem = pa.Table.from_batches([ratings]), f"{number:012d}-{number:012d}"
            panes = PaneRange(number, write_tables(places.history, JOB, table, stem))
            journal.commit(Commit(Entry(ratings.slice(0, 0)), facts=fact, panes=panes))


def ratings_of(
    rng: np.random.Generator, ids: pa.Array, begin_ms: int, span_ms: int, rate: int = RATE
) -> pa.RecordBatch:
    """Ratings of a span of time, of products that are all equally active."""
    count = span_ms * rate // 1000
    arrival = begin_ms + np.sort(rng.integers(0, span_ms, count))
    batch = Batch(
        arrival_ms=arrival,
        partition=np.zeros(count, np.int32),
        position=np.arange(count),
        product=ids.take(pa.array(rng.integers(0, len(ids), count))),
        reviewer=pa.array(np.full(count, ""), pa.string()),
        stars=rng.integers(0, 5, count).astype(np.uint8),
        event_ms=arrival,
    )
    return Entry.of([(batch, np.zeros(count, np.uint8), None)], []).ratings


if __name__ == "__main__":
    main(measure)
