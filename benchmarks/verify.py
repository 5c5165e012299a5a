"""A recomputation of all windows, against the same windows by DuckDB's plain query.

Both read the same table in the same connection, on one core. The plain query knows neither a
watermark nor classes nor books; the recomputation has to find out that no rating was late, which is
so here with the default bound. With a shorter one a part of the ratings is, which is told besides.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import checksum, columns, windows_sql
from benchmarks.measuring import Given, Result, main, medians
from benchmarks.windows import batches
from starwatch.cli.recomputing import rules_of
from starwatch.recompute.compare import compare, prepare
from starwatch.recompute.ratings import Inputs, Mark, open_database
from starwatch.recompute.run import Recomputation
from starwatch.recompute.written import read_written
from starwatch.windows.job import Job

SHORT_MS = 500


def measure(given: Given) -> list[Result]:
    table = columns(given.data)
    with open_database() as database, tempfile.TemporaryDirectory() as folder:
        database.execute("SET threads = 1")
        inputs = Inputs(database)
        inputs.mark(Mark(0, "join", 0))
        for batch in batches(table):
            inputs.batch(batch)
        inputs.mark(Mark(len(table), "finish"))
        inputs.finish()
        source = "(SELECT product, stars + 1 AS stars, event_ms FROM ratings)"
        plain = windows_sql(source, ordered=False)
        rules, late = (rules_of(Job(live=False, bound_ms=bound)) for bound in (5_000, SHORT_MS))
        rows = Path(folder, "rows.parquet")
        check(database, Recomputation(database, rules), plain)
        prepare(database, rules)
        write(database, rows)

        def compared() -> None:
            read_written(database, str(rows), rules)
            if not compare(database, rules).agree:
                raise SystemExit("the rows differ from those that were written")

        took = medians(
            {
                "plain": lambda: database.execute(plain).fetchall(),
                "late": lambda: Recomputation(database, late),
                "ours": lambda: Recomputation(database, rules),
                "compared": compared,
            },
            given.repeats,
        )
    return results(took, len(table))


def check(database: Any, recomputation: Recomputation, plain: str) -> None:
    stars = recomputation.rows().select(recomputation.rules.stars.columns)
    database.execute(plain).fetchall()
    counts = "count(*), sum(s1), sum(s2), sum(s3), sum(s4), sum(s5)"
    theirs = database.execute(f"SELECT {counts} FROM windows").fetchall()[0]
    if checksum(np.stack([column.to_numpy() for column in stars.columns], axis=1)) != list(theirs):
        raise SystemExit("the windows differ from the plain query's")


def write(database: Any, path: Path) -> None:
    """The rows as a file that `--output parquet:` could have written."""
    stars = ", ".join(f's{step} AS "stars_{step + 1}"' for step in range(5))
    database.execute(
        f"""COPY (
            SELECT "window", product, make_timestamp_ms(start_ms) AS "start",
                   make_timestamp_ms(end_ms) AS "end", count, {stars},
                   (scaled_mean::DECIMAL(18, 0) * 0.000001::DECIMAL(18, 6))::DECIMAL(18, 6) AS mean,
                   revision
            FROM expected ORDER BY end_ms, product
        ) TO '{path}' (FORMAT parquet)"""
    )


def results(took: dict[str, float], ratings: int) -> list[Result]:
    rate = {name: f"{ratings / time / 1e6:.2f} M/s" for name, time in took.items()}
    return [
        Result(
            "11 `verify`: recomputation against DuckDB's plain query on the same table",
            took["ours"] / took["plain"],
            must=2,
            aim=1.2,
            more=False,
            detail=f"{rate['ours']} against {rate['plain']}",
        ),
        Result(
            f"11 the same with a bound of {SHORT_MS} ms, where a part of the ratings is late",
            took["late"] / took["plain"],
            more=False,
            detail=f"{rate['late']} against {rate['plain']}",
        ),
        Result(
            "11 the same with reading a Parquet file of the rows and comparing",
            (took["ours"] + took["compared"]) / took["plain"],
            more=False,
            detail=f"reading and comparing {took['compared']:.1f} s",
        ),
    ]


if __name__ == "__main__":
    main(measure)
