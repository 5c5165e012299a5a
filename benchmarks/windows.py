"""Our side of the comparisons: the library's own way from a file, or from columns, to rows."""

from pathlib import Path
from threading import Event

import numpy as np
import pyarrow as pa

from starwatch.codecs.options import InputOptions
from starwatch.engine import Engine
from starwatch.ratings.batch import Batch
from starwatch.ratings.scale import Scale
from starwatch.replay.pace import ByTime, Order, ReplayOptions
from starwatch.replay.timeline import timeline
from starwatch.service.outputs import Outputs
from starwatch.service.pacing import NoPacing
from starwatch.service.replaying import Replay
from starwatch.sources.files import open_files
from starwatch.windows.job import Duplicates, Job
from starwatch.windows.rows import WindowRows

BATCH_ROWS = 1 << 18
"""What `starwatch replay` gives to the engine at once."""


class Kept:
    """A sink that keeps all rows as columns, as the other side keeps a table."""

    def __init__(self) -> None:
        self.parts: list[WindowRows] = []
        self.ratings = 0

    def write(self, rows: WindowRows) -> None:
        """Keep them."""
        self.parts.append(rows)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""

    def stars(self) -> np.ndarray:
        """The star histograms of all rows."""
        return np.concatenate([rows.stars for rows in self.parts])


def replayed(
    path: Path,
    order: Order,
    scale: Scale | None = None,
    duplicates: Duplicates = Duplicates.OFF,
) -> Kept:
    """What `starwatch replay FILE --as-fast-as-possible --order ORDER --quiet` does."""
    job = Job(live=False, merged=True, scale=scale or Scale(), duplicates=duplicates)
    kept = Kept()
    options = ReplayOptions(ByTime(order=order), start_ms=0, slide_ms=job.largest_slide_ms)
    stop = Event()
    made = Engine(job)
    replay = Replay(made, Outputs([kept]), pacing=NoPacing(0, stop), stop=stop)
    replay.run(timeline(lambda: open_files([str(path)], InputOptions(), job.scale), options))
    kept.ratings = made.received
    return kept


def batches(table: pa.Table, rows: int = BATCH_ROWS) -> list[Batch]:
    """The columns of `benchmarks.data` cut into batches, without a copy of any text."""
    product = table["product"].chunk(0)
    stars = table["stars"].to_numpy() - np.uint8(1)
    event_ms = table["event_ms"].to_numpy()
    arrival_ms = np.maximum.accumulate(event_ms)
    position = np.arange(len(table))
    partition = np.zeros(len(table), np.int32)
    reviewer = pa.array([""] * min(rows, len(table)))
    return [
        Batch(
            arrival_ms=arrival_ms[at : at + rows],
            partition=partition[at : at + rows],
            position=position[at : at + rows],
            product=product[at : at + rows],
            reviewer=reviewer[: min(rows, len(table) - at)],
            stars=stars[at : at + rows],
            event_ms=event_ms[at : at + rows],
        )
        for at in range(0, len(table), rows)
    ]


def engine() -> Engine:
    """An engine with the default windows, 30 s every 5 s, and one partition."""
    made = Engine(Job(live=False))
    made.join(0)
    return made


def ingested(table: pa.Table) -> Kept:
    """All ratings of a table through an engine."""
    kept, windows = Kept(), engine()
    for batch in batches(table):
        kept.write(windows.ingest(batch).rows)
    kept.write(windows.finish())
    return kept
