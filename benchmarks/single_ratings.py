"""One rating a batch, against batches of 1,000: microseconds more for each rating, engine only.

Two engines have taken the same first million; then each takes the same 100,000 again and again
further on, one in batches of 1,000, the other one by one. Batches are made beforehand.
"""

import statistics

from benchmarks.data import columns
from benchmarks.measuring import Given, Result, main, seconds
from benchmarks.windows import batches, engine
from starwatch.engine import Engine
from starwatch.ratings.batch import Batch

BEFORE, STRETCH = 1_000_000, 100_000


def measure(given: Given) -> list[Result]:
    table = columns(given.data)
    engines = {1000: engine(), 1: engine()}
    for one in engines.values():
        taken(one, batches(table.slice(0, BEFORE).combine_chunks()))
    micros: dict[int, list[float]] = {size: [] for size in engines}
    for number in range(given.repeats + 1):
        part = table.slice(BEFORE + number * STRETCH, STRETCH).combine_chunks()
        for size, one in engines.items():
            cut = batches(part, size)
            micros[size].append(seconds(lambda one=one, cut=cut: taken(one, cut)) / STRETCH * 1e6)
    each, many = (statistics.median(micros[size][1:]) for size in (1, 1000))
    return [
        Result(
            "4 one rating a batch against batches of 1,000, engine only, more a rating",
            each - many,
            unit="µs",
            must=30,
            aim=10,
            more=False,
            detail=f"{each:.1f} µs against {many:.2f} µs a rating",
        )
    ]


def taken(one: Engine, cut: list[Batch]) -> None:
    for batch in cut:
        one.ingest(batch)


if __name__ == "__main__":
    main(measure)
