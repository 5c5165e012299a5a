"""Which ratings of old files a job refuses."""

from dataclasses import replace

import numpy as np

from starwatch.admission.ledger import Class
from starwatch.admission.validity import impossible_times
from starwatch.journal.impossible import impossible_rejects
from starwatch.ratings.batch import Batch, Decoded
from starwatch.windows.job import Job

_COLUMNS = ("position", "product", "reviewer", "stars", "event_ms", "rating_id")


def admitted(block: Decoded, job: Job, now_ms: int) -> Decoded:
    """A block less the ratings whose event time the job refuses, which become rejects.

    Args:
        block: Ratings with event times.
        job: The rules.
        now_ms: When they come: an event time may not be further ahead of it than the job allows.
    """
    batch = Batch(
        arrival_ms=np.full(len(block), now_ms),
        partition=np.zeros(len(block), np.int32),
        **{name: getattr(block, name) for name in _COLUMNS},
    )
    rows, _ = impossible_times(batch, job)
    if not len(rows):
        return block
    classes = np.zeros(len(block), np.uint8)
    classes[rows] = Class.REJECTED
    rejects = [reject for _, reject in impossible_rejects(batch, classes, job)]
    kept = batch.take(np.flatnonzero(classes == Class.COUNTED))
    return replace(
        block,
        **{name: getattr(kept, name) for name in _COLUMNS},
        rejects=tuple(sorted([*block.rejects, *rejects], key=lambda reject: reject.position)),
    )
