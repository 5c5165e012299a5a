"""The data of the benchmarks: an hour of a shop, made once by our generator.

10 million ratings of 100,000 products, Zipf 1.1, 3 s disorder; rows stand in order of arrival.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

OPTIONS = ["--products", "100000", "--rate", "2777.7778", "--for", "1h", "--disorder", "3s"]


def made(folder: Path, name: str) -> Path:
    """`ratings.csv` or `ratings.jsonl` in this folder, made where it is not there yet."""
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "starwatch", "generate", *OPTIONS, "--out", str(path)]
        subprocess.run([*command, "--quiet"], check=True)
    return path


def columns(folder: Path) -> pa.Table:
    """The same ratings as one Arrow table: `product`, `stars` from 1, `event_ms`."""
    table = pacsv.read_csv(
        made(folder, "ratings.csv"),
        convert_options=pacsv.ConvertOptions(
            include_columns=["productID", "rating", "timestamp"],
            column_types={"productID": pa.string(), "rating": pa.uint8(), "timestamp": pa.int64()},
        ),
    )
    return table.rename_columns(["product", "stars", "event_ms"]).combine_chunks()


WINDOWS = """
    WITH panes AS (
        SELECT product, event_ms // 5000 AS pane,
               {counts}
        FROM {source}
        GROUP BY ALL
    )
    SELECT product, (pane + k + 1) * 5000 AS end_ms, {sums}
    FROM panes, range(6) AS offsets(k)
    GROUP BY ALL
"""


class Duck:
    """DuckDB on one thread with its result as a table, in memory and in a database file.

    Args:
        folder: Where the database file is made anew.
        source: The ratings in SQL: columns `product`, `stars` from 1, `event_ms`.
        ratings: An Arrow table that `source` names, if it does.
    """

    def __init__(self, folder: Path, source: str, ratings: pa.Table | None = None) -> None:
        database = folder / "windows.duckdb"
        for old in (database, folder / "windows.duckdb.wal"):
            old.unlink(missing_ok=True)
        self._source = source
        self._memory, self._file = duckdb.connect(), duckdb.connect(str(database))
        for connection in (self._memory, self._file):
            connection.execute("SET threads = 1")
            if ratings is not None:
                connection.register("ratings", ratings)

    def run(self, *, committed: bool, ordered: bool) -> None:
        """All windows of 30 s every 5 s into a table; `committed`: of the database file."""
        connection = self._file if committed else self._memory
        connection.execute(windows_sql(self._source, ordered=ordered))

    def checksum(self) -> list[int]:
        """Of the windows in memory, as `checksum` gives it."""
        return list(self._memory.execute(_CHECKSUM).fetchone() or ())

    def sides(self) -> dict[str, Callable[[], None]]:
        """The four ways of running it."""
        return {
            "in memory": lambda: self.run(committed=False, ordered=False),
            "in memory, in our order": lambda: self.run(committed=False, ordered=True),
            "committed": lambda: self.run(committed=True, ordered=False),
            "committed, in our order": lambda: self.run(committed=True, ordered=True),
        }


def windows_sql(source: str, *, ordered: bool) -> str:
    """All windows of 30 s every 5 s as one query, over panes; its result becomes a table."""
    stars = range(1, 6)
    query = WINDOWS.format(
        source=source,
        counts=", ".join(f"count(*) FILTER (stars = {s}) AS s{s}" for s in stars),
        sums=", ".join(f"sum(s{s}) AS s{s}" for s in stars),
    )
    order = "ORDER BY end_ms, product" if ordered else ""
    return f"CREATE OR REPLACE TABLE windows AS {query} {order}"


def csv_source(path: Path) -> str:
    """DuckDB's reader of the CSV file, told all that it would have to find out."""
    types = (
        "{'reviewerID': 'VARCHAR', 'product': 'VARCHAR', 'stars': 'UTINYINT', 'event_ms': 'BIGINT'}"
    )
    return (
        f"(SELECT product, stars, event_ms FROM read_csv('{path}', header = true, delim = ',', "
        f"auto_detect = false, columns = {types}))"
    )


def checksum(counts: np.ndarray) -> list[int]:
    """Of shape (n, 5): how many rows, and the ratings by star in all of them."""
    return [len(counts), *counts.sum(axis=0, dtype=np.int64).tolist()]


_CHECKSUM = "SELECT count(*), sum(s1), sum(s2), sum(s3), sum(s4), sum(s5) FROM windows"
