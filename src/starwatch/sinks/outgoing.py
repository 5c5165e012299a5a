"""Batches to what is sent: the JSON of the reference's script, byte for byte."""

import json
from collections.abc import Sequence
from decimal import Decimal
from itertools import repeat

from starwatch.ratings.batch import NO_TIME, Batch
from starwatch.ratings.scale import Scale
from starwatch.sinks.publishers import Outgoing

_DUMMY = "a"
"""The reference's script sends it, and the schema of its flow has a field for it."""

_SECONDS_BELOW = 10**11
"""From here on a number of milliseconds is told from one of seconds by those who read it."""


def outgoing(batch: Batch, scale: Scale) -> Sequence[Outgoing]:
    """The ratings of a batch, in order."""
    stars = [number(value) for value in scale.values]
    ids = repeat("") if batch.rating_id is None else batch.rating_id.to_pylist()
    columns = zip(
        batch.reviewer.to_pylist(),
        batch.product.to_pylist(),
        batch.stars.tolist(),
        batch.event_ms.tolist(),
        ids,
        strict=False,  # `ids` may have no end
    )
    return [
        _one(reviewer, product, stars[step], event_ms, rating_id)
        for reviewer, product, step, event_ms, rating_id in columns
    ]


def number(value: Decimal) -> int | float:
    """A star value as JSON has it: whole where it is whole.

    >>> number(Decimal("4.0")), number(Decimal("4.5"))
    (4, 4.5)
    """
    return int(value) if value == int(value) else float(value)


def timestamp(event_ms: int) -> int | str:
    """An event time so that it is read as it was, where nobody is told of its unit.

    >>> timestamp(1358380800000), timestamp(1358380800250), timestamp(250)
    (1358380800, 1358380800250, '0.25')
    """
    if event_ms % 1000 == 0 and abs(event_ms) < _SECONDS_BELOW * 1000:
        return event_ms // 1000
    if abs(event_ms) >= _SECONDS_BELOW:
        return event_ms
    return str(Decimal(event_ms) / 1000)


def _one(reviewer: str, product: str, stars: float, event_ms: int, rating_id: str) -> Outgoing:
    fields: dict[str, str | int | float] = {
        "reviewerID": reviewer,
        "productID": product,
        "rating": stars,
    }
    if event_ms != NO_TIME:
        fields["timestamp"] = timestamp(event_ms)
    if rating_id:
        fields["id"] = rating_id
    fields["dummy"] = _DUMMY
    return Outgoing(product, fields, json.dumps(fields).encode())
