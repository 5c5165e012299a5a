"""What a pane that Flink writes back costs the process that shows it: decoded, counted, closed.

Panes of one rating and panes of a hundred take turns: a pane costs by itself, and each of its
ratings a little more. Reading Kafka and the commit are not in it.
"""

import json

import numpy as np

from benchmarks.measuring import Given, Result, main, medians
from starwatch.engine import Engine
from starwatch.flink.back import BackRows
from starwatch.ratings.batch import Batch, Decoded
from starwatch.windows.job import Job

ENDS, PRODUCTS, BULK, MANY = 24, 5_000, 5_000, 100
PANE_MS, BEGIN_MS = 5_000, 1_700_000_000_000
PANES = ENDS * PRODUCTS


def rows(ratings: int) -> list[list[bytes]]:
    """The panes of each end, all of so many ratings."""
    stars = [0, 0, ratings // 4, 0, ratings - ratings // 4]
    return [
        [
            json.dumps(
                {"kind": "pane", "product": f"B{number:09}", "end_ms": end_ms, "stars": stars}
            ).encode()
            for number in range(PRODUCTS)
        ]
        for end_ms in range(BEGIN_MS, BEGIN_MS + ENDS * PANE_MS, PANE_MS)
    ]


def followed(ends: list[list[bytes]]) -> Engine:
    """An engine that has taken all of them."""
    job = Job(elsewhere=True)
    engine, back = Engine(job), BackRows(job.scale)
    engine.join(0)
    for number, messages in enumerate(ends):
        now_ms = BEGIN_MS + number * PANE_MS
        for first in range(0, PRODUCTS, BULK):
            part = messages[first : first + BULK]
            engine.ingest(_batch(back.decode(part, np.arange(len(part))), now_ms))
        engine.reached(now_ms, now_ms)
    return engine


def _batch(decoded: Decoded, now_ms: int) -> Batch:
    count = len(decoded)
    return Batch(
        arrival_ms=np.full(count, now_ms),
        partition=np.zeros(count, np.int32),
        position=decoded.position,
        product=decoded.product,
        reviewer=decoded.reviewer,
        stars=decoded.stars,
        event_ms=decoded.event_ms,
        rating_id=decoded.rating_id,
        found=decoded.found,
    )


def measure(given: Given) -> list[Result]:
    one, many = rows(1), rows(MANY)
    for each, ratings in ((one, 1), (many, MANY)):
        if followed(each).books().counted != PANES * ratings:
            raise RuntimeError("not every rating was counted")
    taken = medians({"one": lambda: followed(one), "many": lambda: followed(many)}, given.repeats)
    pane = taken["one"] / PANES * 1e6
    rating = (taken["many"] - taken["one"]) / PANES / (MANY - 1) * 1e6
    return [
        Result(
            "a pane of one rating from Flink: decoded, counted, its windows closed",
            pane,
            "µs",
            detail=f"{1e3 / pane:.0f} k panes/s of one core",
        ),
        Result(
            "each further rating of a pane",
            rating,
            "µs",
            detail=f"{1 / rating:.1f} M ratings/s of one core; panes of {MANY}",
        ),
    ]


if __name__ == "__main__":
    main(measure)
