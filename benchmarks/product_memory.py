"""Memory of an active product: a million of them in open windows of 30 s every 5 s.

Every product has an id of ten characters and 1 or 3 ratings, evenly over the last 30 s of event
time, in random order. Then all of them are in open windows: what came until the watermark (5 s
behind) is in running sums, the rest waits. What the process has grown by, from an engine without a
product, is divided by the million. Each stream runs in a process of its own.
"""

import multiprocessing

import numpy as np
import pyarrow as pa

from benchmarks.measuring import Given, Result, main, resident_bytes
from benchmarks.windows import batches, engine

PRODUCTS = 1_000_000
BATCH = 1 << 16


def measure(given: Given) -> list[Result]:  # noqa: ARG001
    fresh = multiprocessing.get_context("spawn")
    results = []
    for ratings in (1, 3):
        with fresh.Pool(1) as pool:
            grown, active = pool.apply(bytes_a_product, (ratings,))
        results.append(
            Result(
                f"5 memory of an active product at 1 M products, {ratings} rating(s) each",
                grown,
                unit="B",
                must=380,
                aim=250,
                more=False,
                detail=f"{active} products in the window that closes next",
            )
        )
    return results


def bytes_a_product(ratings: int) -> tuple[float, int]:
    rng = np.random.default_rng(1)
    stream = np.repeat(np.arange(PRODUCTS, dtype=np.int32), ratings)
    rng.shuffle(stream)
    event_ms = 1_767_225_600_000 + np.arange(len(stream)) * 30_000 // len(stream)
    stars = rng.integers(1, 6, len(stream)).astype(np.uint8)

    def part(at: int) -> pa.Table:
        rows = slice(at, at + BATCH)
        ids = [f"B{code:09d}" for code in stream[rows].tolist()]
        return pa.table({"product": ids, "stars": stars[rows], "event_ms": event_ms[rows]})

    batches(part(0))
    windows = engine()
    before = resident_bytes()
    for at in range(0, len(stream), BATCH):
        for batch in batches(part(at), BATCH):
            windows.ingest(batch)
    del batch
    grown = resident_bytes() - before
    return grown / PRODUCTS, len(windows.provisional(0))


if __name__ == "__main__":
    main(measure)
