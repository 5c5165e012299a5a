"""States made by a journal alone, without a run, as tests of views need them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from starwatch.journal.entries import Entry
from starwatch.journal.places import Places
from starwatch.journal.store import Commit, Journal
from starwatch.ratings.batch import Batch
from starwatch.service.state import job_facts
from starwatch.windows.job import Job

BEGIN_MS = 1_790_000_000_000


def begun(folder: Path, job: Job, **facts) -> Journal:
    """The journal of a state whose run has begun; to be closed."""
    journal = Journal(Places(folder).database)
    journal.note({"job": job_facts(job), **facts})
    return journal


def entry(ratings: Sequence[tuple[str, int, int]]) -> Entry:
    """Ratings that all count: product, place of the star, milliseconds after `BEGIN_MS`."""
    products, stars, times = zip(*ratings, strict=True) if ratings else ((), (), ())
    arrival = BEGIN_MS + np.array(times, np.int64)
    count = len(ratings)
    batch = Batch(
        arrival_ms=arrival,
        partition=np.zeros(count, np.int32),
        position=np.arange(count),
        product=pa.array(products, pa.string()),
        reviewer=pa.array([""] * count, pa.string()),
        stars=np.array(stars, np.uint8),
        event_ms=arrival,
    )
    return Entry.of([(batch, np.zeros(count, np.uint8), None)], [])


def commit(journal: Journal, ratings: Sequence[tuple[str, int, int]], upto: int) -> int:
    """Commit ratings, and the watermark so many milliseconds after `BEGIN_MS`."""
    return journal.commit(Commit(entry(ratings), facts={"watermark_ms": BEGIN_MS + upto}))
