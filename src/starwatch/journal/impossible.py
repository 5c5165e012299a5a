"""Ratings that were refused for their event time, as rejects that can be listed.

The engine refuses them, and they are journalled with all others, so that they are refused again
when everything is computed again. What came is not at hand any more; what was read of it is.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from starwatch.admission.ledger import Class
from starwatch.admission.validity import impossible_times
from starwatch.ratings.batch import Batch
from starwatch.ratings.rejects import Reason, Reject
from starwatch.windows.job import Job

REASONS = frozenset({Reason.EVENT_TIME_TOO_OLD, Reason.EVENT_TIME_IN_FUTURE})
"""Only ratings have these: rejects with them are counted among the journalled ratings."""


def impossible_rejects(
    batch: Batch, classes: NDArray[np.uint8], job: Job
) -> list[tuple[int, Reject]]:
    """Pairs of partition and reject for the ratings of a batch that the engine refused."""
    if not (classes == Class.REJECTED).any():
        return []
    rows, reasons = impossible_times(batch, job)
    values = job.scale.values
    refused = batch.take(rows)
    columns = zip(
        refused.partition.tolist(),
        refused.position.tolist(),
        refused.reviewer.to_pylist(),
        refused.product.to_pylist(),
        refused.stars.tolist(),
        refused.event_ms.tolist(),
        refused.ids().to_pylist(),
        strict=True,
    )
    rejects = []
    for reason, (partition, position, reviewer, product, star, event, rating_id) in zip(
        reasons, columns, strict=True
    ):
        read = {
            "reviewer": reviewer,
            "product": product,
            "rating": float(values[star]),
            "timestamp_ms": event,
        } | ({"id": rating_id} if rating_id else {})
        rejects.append((partition, Reject(position, reason, msgspec.json.encode(read))))
    return rejects
