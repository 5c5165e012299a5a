"""What merging old files of panes saves: 30 days by the hour out of 720 hourly files, and after."""

import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.measuring import Given, Result, main, medians
from benchmarks.views import BEGIN_MS, JOB
from starwatch.history.files import write_tables
from starwatch.history.merging import merge, put_in_place, to_merge
from starwatch.journal.entries import Entry
from starwatch.journal.pane_files import PaneRange
from starwatch.journal.places import Places
from starwatch.journal.store import Commit, Journal
from starwatch.ratings.batch import Batch
from starwatch.service.rhythm import Rhythm
from starwatch.service.state import job_facts
from starwatch.views import Views
from starwatch.views.values import Series
from starwatch.windows.spec import WindowSpec

HOURS, PRODUCTS, AN_HOUR = 720, 2_000, 4_000
HOUR_MS = 3_600_000
SPEC = WindowSpec(HOUR_MS, HOUR_MS)


def measure(given: Given) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        hourly, merged = Places(Path(folder) / "hourly"), Places(Path(folder) / "merged")
        make(hourly)
        make(merged, merging=True)
        with Views.open(hourly.directory) as before, Views.open(merged.directory) as after:
            for product in ("B000000000", "B000000777"):
                sides = [draw(views, product).stars for views in (before, after)]
                if not np.array_equal(*sides):
                    raise AssertionError("merged files give another series")
            took = medians({"before": drawn(before), "after": drawn(after)}, given.repeats)
    detail = f"{took['before'] * 1000:.0f} ms and {took['after'] * 1000:.0f} ms"
    name = "views: 30 d at 1 h of one product, 720 hourly files"
    return [
        Result(f"{name}, merged", took["after"] * 1000, "ms", must=300, aim=100, more=False),
        Result(f"{name} / merged", took["before"] / took["after"], detail=detail),
    ]


def draw(views: Views, product: str) -> Series:
    """Thirty days by the hour."""
    return views.series(product, SPEC, BEGIN_MS, BEGIN_MS + HOURS * HOUR_MS, emitted=False)


def drawn(views: Views) -> Callable[[], object]:
    """Draws another product at each call."""
    products = iter(f"B{number:09d}" for number in range(PRODUCTS))
    return lambda: draw(views, next(products))


def make(places: Places, *, merging: bool = False) -> None:
    """A state of thirty days with the files that a service writes, one a tier and hour."""
    rng = np.random.default_rng(1)
    ids = pa.array([f"B{number:09d}" for number in range(PRODUCTS)])
    places.history.mkdir(parents=True)
    with closing(Journal(places.database)) as journal:
        journal.note({"job": job_facts(JOB)})
        for hour in range(HOURS):
            ratings = an_hour(rng, ids, BEGIN_MS + hour * HOUR_MS)
            stem = f"{hour + 1:012d}-{hour + 1:012d}"
            table = pa.Table.from_batches([ratings])
            panes = PaneRange(hour + 1, write_tables(places.history, JOB, table, stem))
            fact = {"watermark_ms": BEGIN_MS + (hour + 1) * HOUR_MS}
            journal.commit(Commit(Entry(ratings.slice(0, 0)), facts=fact, panes=panes))
            if merging:
                merge_all(places, journal)


def merge_all(places: Places, journal: Journal) -> None:
    """As the upkeep of a run does."""
    while sources := to_merge(journal.pane_files(), fewest=Rhythm().merge_files):
        merged = merge(places.history, sources)
        put_in_place(places.history, merged)
        journal.commit(Commit(Entry.of([], []), merging=merged))


def an_hour(rng: np.random.Generator, ids: pa.Array, begin_ms: int) -> pa.RecordBatch:
    """Ratings of products that are all equally active."""
    arrival = begin_ms + np.sort(rng.integers(0, HOUR_MS, AN_HOUR))
    batch = Batch(
        arrival_ms=arrival,
        partition=np.zeros(AN_HOUR, np.int32),
        position=np.arange(AN_HOUR),
        product=ids.take(pa.array(rng.integers(0, PRODUCTS, AN_HOUR))),
        reviewer=pa.array(np.full(AN_HOUR, ""), pa.string()),
        stars=rng.integers(0, 5, AN_HOUR).astype(np.uint8),
        event_ms=arrival,
    )
    return Entry.of([(batch, np.zeros(AN_HOUR, np.uint8), None)], []).ratings


if __name__ == "__main__":
    main(measure)
