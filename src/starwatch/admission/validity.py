"""Event times that cannot be: too old, or from the future (architecture §4)."""

import numpy as np
from numpy.typing import NDArray

from starwatch.ratings.batch import NO_TIME, Batch
from starwatch.ratings.rejects import Reason
from starwatch.windows.job import Job

OLDEST_MS = 631_152_000_000
"""1990-01-01: before that nobody rated anything on the net; the default of live doors."""

AHEAD_MS = 60_000
"""A clock may be this much ahead of ours; the default of live doors."""


def impossible_times(batch: Batch, job: Job) -> tuple[NDArray[np.int64], list[Reason]]:
    """The rows of a batch whose event time the job refuses, rising, and why."""
    old = np.zeros(len(batch), bool)
    future = np.zeros(len(batch), bool)
    own = batch.event_ms != NO_TIME
    if job.oldest_ms is not None:
        old = own & (batch.event_ms < job.oldest_ms)
    if job.ahead_ms is not None:
        future = own & (batch.event_ms - batch.arrival_ms > job.ahead_ms)
    rows = np.flatnonzero(old | future)
    reasons = [Reason.EVENT_TIME_TOO_OLD if old[r] else Reason.EVENT_TIME_IN_FUTURE for r in rows]
    return rows, reasons
