"""Bytes of a pane row on the disk, and an export against the same windows by a query by hand."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from benchmarks.data import made
from benchmarks.measuring import Given, Result, main, medians
from starwatch.cli.exporting import history_of
from starwatch.exports.parquet import BATCH_ROWS, write_parquet
from starwatch.recompute.ratings import open_database

WINDOWS = {"10m/1m": (600_000, 60_000), "1h/1m": (3_600_000, 60_000)}
"""Few windows a pane, which are added one by one, and many, which are summed along time."""


def measure(given: Given) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        state, out = Path(folder, "s"), Path(folder, "w.parquet")
        replay = ["replay", made(given.data, "ratings.csv"), "--speed", "1", "--order", "file"]
        rest = ["--as-fast-as-possible", "--quiet", "--state", state]
        subprocess.run([sys.executable, "-m", "starwatch", *replay, *rest], check=True)
        results = [pane_bytes(state, tier) for tier in ("5s", "1m", "1h", "1d")]
        for label, (size, slide) in WINDOWS.items():
            sides = {
                "ours": exporting(state, label, out),
                "by hand": by_hand(state, size, slide, Path(folder, "hand.parquet")),
            }
            took = medians(sides, given.repeats)
            check(out, Path(folder, "hand.parquet"))
            rows = pq.read_metadata(out).num_rows
            results.append(
                Result(
                    f"`export` of {label} from panes of 1 min to Parquet, against DuckDB's plain"
                    " query to Parquet",
                    took["ours"] / took["by hand"],
                    more=False,
                    detail=f"{took['ours']:.1f} s against {took['by hand']:.1f} s, {rows:,} rows",
                )
            )
    return results


def pane_bytes(state: Path, tier: str) -> Result:
    files = list(state.glob(f"history/tier={tier}/*.parquet"))
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    size = sum(file.stat().st_size for file in files)
    return Result(
        f"disk: a pane row of {tier}",
        size / rows,
        "B",
        must=8,
        aim=4,
        more=False,
        detail=f"{rows:,} rows in {len(files)} files, {size / 1e6:.1f} MB",
    )


def exporting(state: Path, label: str, out: Path) -> Callable[[], None]:
    options = {"windows": (label,), "begin": None, "end": None, "products": ()}

    def export() -> None:
        with (
            history_of(str(state), options | {"as_emitted": False}) as history,
            open_database() as database,
        ):
            database.execute("SET threads = 1")
            batches = history.drawing(database).batches(BATCH_ROWS)
            write_parquet(str(out), history.about, batches)

    return export


def by_hand(state: Path, size: int, slide: int, out: Path) -> Callable[[], Any]:
    """What one would write: each pane into each of its windows, in the same order."""
    stars = range(1, 6)
    query = f"""
    COPY (
        SELECT product, make_timestamp_ms((start_ms // {slide} + later + 1) * {slide}) AS "end",
               {", ".join(f"sum(stars_{star})::BIGINT AS stars_{star}" for star in stars)},
               sum({" + ".join(f"{star} * stars_{star}" for star in stars)})
                   / sum({" + ".join(f"stars_{star}" for star in stars)}) AS mean
        FROM '{state}/history/tier=1m/*.parquet', range({size // slide}) AS windows(later)
        GROUP BY ALL ORDER BY "end", product
    ) TO '{out}' (FORMAT parquet, COMPRESSION zstd)"""
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    return lambda: connection.execute(query)


def check(ours: Path, theirs: Path) -> None:
    """Both hold the same windows, in the same order."""
    columns = 'product, "end"::TIMESTAMP, stars_1, stars_2, stars_3, stars_4, stars_5'
    differing = duckdb.execute(
        f"""SELECT count(*) FROM (SELECT {columns} FROM '{ours}') AS a
            POSITIONAL JOIN (SELECT {columns} FROM '{theirs}') AS b WHERE a IS DISTINCT FROM b"""
    ).fetchall()[0][0]
    if differing:
        raise SystemExit(f"{differing} rows are not those of the plain query")


if __name__ == "__main__":
    main(measure)
