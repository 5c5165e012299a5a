"""One close with a million products known and 200,000 active, against its rows as an Arrow table.

Each slide of 5 s brings 60,000 ratings of 40,000 other products out of 200,000, which come again
30 s later: a window always holds 200,000 or more of them. A close is timed alone: one rating that
carries the watermark over the end. The other side makes the table that a user would get of those
rows: window, product, start, end, a column a star, count.
"""

import time

import numpy as np
import pyarrow as pa

from benchmarks.measuring import Given, Result, main
from benchmarks.windows import batches, engine
from starwatch.windows.rows import WindowRows

KNOWN, ACTIVE, SLIDES = 1_000_000, 200_000, 6
CLOSES, WARM = 200, 12
START = 1_767_225_600_000


def measure(given: Given) -> list[Result]:  # noqa: ARG001
    rng = np.random.default_rng(1)
    ids = pa.array([f"B{code:09d}" for code in rng.permutation(KNOWN).tolist()])
    windows = engine()
    known = START - 3_600_000 + np.arange(KNOWN) // 1000
    for batch in batches(table(ids, np.arange(KNOWN), known, rng)):
        windows.ingest(batch)
    per_slide = -(-ACTIVE // SLIDES)
    closes, builds, sizes = [], [], []
    for slide in range(WARM + CLOSES):
        mine = slide % SLIDES * per_slide + np.arange(per_slide)
        codes = np.concatenate([mine, rng.choice(mine, per_slide // 2)])
        begins = START + slide * 5000
        event_ms = np.sort(rng.integers(begins + 1, begins + 5000, len(codes)))
        for batch in batches(table(ids, codes, event_ms, rng), 1 << 14):
            windows.ingest(batch)
        (last,) = batches(table(ids, codes[:1], np.array([begins + 5000]), rng))
        begun = time.process_time()
        rows = windows.ingest(last).rows
        closes.append(time.process_time() - begun)
        begun = time.process_time()
        built = arrow_table(rows, ids)
        builds.append(time.process_time() - begun)
        sizes.append(len(built))
    closed, build = np.array(closes[WARM:]) * 1e3, np.array(builds[WARM:]) * 1e3
    (close_99, close_50), (build_99, build_50) = (
        np.percentile(each, [99, 50]) for each in (closed, build)
    )
    return [
        Result(
            "6 one close, 1 M known, 200,000 active: p99 against the Arrow table of its rows (p99)",
            close_99 / build_99,
            must=3,
            aim=1.5,
            more=False,
            detail=f"{close_99:.1f} ms against {build_99:.1f} ms; medians {close_50:.1f} and "
            f"{build_50:.1f} ms; {np.median(sizes[WARM:]):.0f} rows, {CLOSES} closes",
        ),
        Result(
            "6 the same against the median of the table",
            close_99 / build_50,
            more=False,
        ),
    ]


def table(
    ids: pa.Array, codes: np.ndarray, event_ms: np.ndarray, rng: np.random.Generator
) -> pa.Table:
    stars = rng.integers(1, 6, len(codes)).astype(np.uint8)
    return pa.table(
        {"product": ids.take(pa.array(codes)), "stars": stars, "event_ms": event_ms}
    ).combine_chunks()


def arrow_table(rows: WindowRows, ids: pa.Array) -> pa.Table:
    """The rows with everything that a user asks for, made the fastest way that we know.

    Codes count up in the order of appearance, so `ids` takes them as they are.
    """
    moment = pa.timestamp("ms", tz="UTC")
    labels = pa.DictionaryArray.from_arrays(pa.array(rows.spec), pa.array(["30s/5s"]))
    return pa.table(
        {
            "window": labels,
            "product": ids.take(pa.array(rows.product)),
            "start": pa.array(rows.end_ms - 30_000).view(moment),
            "end": pa.array(rows.end_ms).view(moment),
            **{
                f"stars_{star + 1}": pa.array(np.ascontiguousarray(rows.stars[:, star]))
                for star in range(rows.stars.shape[1])
            },
            "count": pa.array(rows.count),
        }
    )


if __name__ == "__main__":
    main(measure)
