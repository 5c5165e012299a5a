"""Reads rows that were written to a file, by SQL: nothing of what wrote them reads them back."""
# ruff: noqa: S608 - what is put into the texts are names of columns and of formats

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from starwatch.errors import BadSetting, BrokenInput, MissingInput
from starwatch.recompute.rules import Rules

FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
"""Which ending stands for which format of rows."""


def read_written(database: Any, path: str, rules: Rules) -> None:
    """Make the table `written` of a file of window rows, or of a folder of Parquet parts.

    Its columns are number (in the file, from 0), window, product, start_ms, end_ms, a count of
    each step, count, mean (as text) and revision.

    Raises:
        MissingInput: the file is not there.
        BadSetting: its ending does not tell what it is.
        BrokenInput: it holds something else than rows of windows.
    """
    files = _files(Path(path))
    kind = "parquet" if Path(path).is_dir() else FORMATS.get(Path(path).suffix.lower())
    if kind is None:
        raise BadSetting(
            f"the ending of {path} does not tell its format",
            hint="Rows are compared with files that end in .jsonl, .csv or .parquet",
        )
    text = {"jsonl": _jsonl, "csv": _csv, "parquet": _parquet}[kind](rules)
    try:
        database.execute(f"CREATE OR REPLACE TABLE written AS {text}", [files])
    except duckdb.Error as error:
        raise BrokenInput(
            f"{path} does not hold the rows of these windows ({str(error).splitlines()[0]})",
            hint="Compare with what --output wrote, with the same --scale",
        ) from None


def take_written(database: Any, tables: Iterable[pa.Table], rules: Rules) -> None:
    """Make the table `written` of rows that are in no file, some at a time.

    Args:
        database: The DuckDB connection.
        tables: The rows in their order, with the columns that a Parquet file of rows has.
        rules: The job's rules.
    """
    stars = ", ".join(f"{name} BIGINT" for name in rules.stars.columns)
    database.execute(f"""
    CREATE OR REPLACE TABLE written (
        number BIGINT, "window" VARCHAR, product VARCHAR, start_ms BIGINT, end_ms BIGINT, {stars},
        "count" BIGINT, mean VARCHAR, revision BIGINT)""")
    taken = 0
    for table in tables:
        database.register("incoming", table)
        database.execute(f"INSERT INTO written {_rows(rules, 'incoming', first=taken)}")
        database.unregister("incoming")
        taken += len(table)


def _files(path: Path) -> list[str]:
    """The file itself, or the parts in a folder, in the order of their names."""
    parts = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not parts or not all(part.is_file() for part in parts):
        raise MissingInput(
            f"there are no rows in {path}", hint="Name what --output wrote: w.jsonl or w.parquet"
        )
    return [str(part) for part in parts]


def _jsonl(rules: Rules) -> str:
    """The mean is cut out of the line: as a JSON number it would lose its zeros.

    A quotation mark inside a product id is escaped, so no id can hold the text that is looked for.
    """
    stars = ", ".join(
        f"stars[{step}] AS {name}" for step, name in enumerate(rules.stars.columns, 1)
    )
    fields = {
        "window": '"VARCHAR"',
        "product": '"VARCHAR"',
        "start": '"VARCHAR"',
        "end": '"VARCHAR"',
        "count": '"BIGINT"',
        "stars": '["BIGINT"]',
        "revision": '"BIGINT"',
    }
    shape = ", ".join(f'"{name}": {kind}' for name, kind in fields.items())
    found = f"from_json_strict(line, '{{{shape}}}')"
    return f"""
    SELECT number, row."window", row.product,
           {_ms('row."start"')} AS start_ms, {_ms('row."end"')} AS end_ms,
           {stars.replace("stars[", "row.stars[")},
           row."count" AS count, mean, row.revision
    FROM (
        SELECT row_number() OVER () - 1 AS number, {found} AS row,
               regexp_extract(line, '"mean":(-?[0-9.]+)[,}}]', 1) AS mean
        FROM (SELECT json AS line FROM read_ndjson_objects(?))
    )"""


def _csv(rules: Rules) -> str:
    names = ["window", "product", "start", "end", "count"]
    stars = [f"stars_{name}" for name in rules.stars.names]
    columns = dict.fromkeys([*names, *stars, "mean", "revision"], "VARCHAR")
    numbers = ", ".join(
        f'"{name}"::BIGINT AS {column}'
        for name, column in zip(stars, rules.stars.columns, strict=True)
    )
    shape = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    return f"""
    SELECT row_number() OVER () - 1 AS number, "window", product,
           {_ms('"start"')} AS start_ms, {_ms('"end"')} AS end_ms,
           {numbers}, "count"::BIGINT AS count, mean, revision::BIGINT AS revision
    FROM read_csv(?, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
                  allow_quoted_nulls = false, nullstr = '\\x00', columns = {{{shape}}})"""


def _parquet(rules: Rules) -> str:
    return _rows(rules, "read_parquet(?)")


def _rows(rules: Rules, source: str, *, first: int = 0) -> str:
    """The rows of a relation with the columns that a Parquet file has, numbered in their order."""
    stars = ", ".join(
        f'"stars_{name}" AS {column}'
        for name, column in zip(rules.stars.names, rules.stars.columns, strict=True)
    )
    return f"""
    SELECT row_number() OVER () + {first - 1} AS number, "window"::VARCHAR AS "window",
           product::VARCHAR AS product, epoch_ms("start") AS start_ms, epoch_ms("end") AS end_ms,
           {stars}, "count", mean::VARCHAR AS mean, revision::BIGINT AS revision
    FROM {source}"""


def _ms(column: str) -> str:
    """The milliseconds of `2021-06-01T00:00:03.000Z`."""
    return f"epoch_ms({column}::TIMESTAMP)"
