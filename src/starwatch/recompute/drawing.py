"""Draws windows from the panes of a history, by DuckDB: it may use the disk beside the memory."""
# ruff: noqa: S608 - what is put into the texts are names of columns and quoted texts

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from starwatch.errors import BadState, RunError
from starwatch.recompute.rules import Stars, Windows
from starwatch.recompute.sql_drawing import Chosen, drawn, every, quoted, rows


@dataclass(frozen=True, slots=True)
class PaneSource:
    """Where the panes of one length are.

    Attributes:
        files: Parquet files of panes.
        newest: More of them, with the same columns.
        since_ms: Windows that start before are not drawn, for some panes are not there; None: all.
    """

    files: Sequence[Path]
    newest: pa.Table
    since_ms: int | None = None

    def whole(self, chosen: Chosen) -> Chosen:
        """Those of the chosen windows that can be drawn whole."""
        begins = [ms for ms in (chosen.from_ms, self.since_ms) if ms is not None]
        return replace(chosen, from_ms=max(begins, default=None))


class Drawing:
    """Windows that are drawn from panes.

    Args:
        database: A DuckDB connection.
        sources: Panes by their length in milliseconds.
        windows: The specs, each with the length of the panes it is drawn from.
        stars: The scale.
        chosen: Which windows.
        catalogue: Names and categories, with the columns product, name and category; None: none.
    """

    def __init__(  # noqa: PLR0913
        self,
        database: Any,
        sources: Mapping[int, PaneSource],
        windows: Sequence[tuple[Windows, int]],
        stars: Stars,
        *,
        chosen: Chosen,
        catalogue: pa.Table | None = None,
    ) -> None:
        self._database = database
        with _failing():
            for tier, source in sources.items():
                take_panes(database, tier, source, stars)
            if catalogue is not None:
                database.register("catalogue", catalogue)
        self._windows = [spec for spec, _ in windows]
        self._parts = [
            drawn(f"panes_{tier}", spec, stars, sources[tier].whole(chosen))
            for spec, tier in windows
        ]
        self._stars = stars
        self._names = catalogue is not None

    def number(self, at_most: int) -> int:
        """How many rows there are; `at_most` where there are more.

        Raises:
            BadState: a file of panes cannot be read.
            RunError: memory or disk do not suffice.
        """
        query = f"SELECT count(*) FROM (SELECT 1 FROM ({every(self._parts)}) LIMIT {at_most})"
        with _failing():
            return int(self._database.execute(query).fetchall()[0][0])

    def batches(self, size: int) -> Iterator[pa.RecordBatch]:
        """The rows in their order, so many at a time: see `sql_drawing.rows`.

        Raises:
            BadState: a file of panes cannot be read.
            RunError: memory or disk do not suffice.
        """
        query = rows(self._parts, self._windows, self._stars, names=self._names)
        with _failing():
            yield from self._database.sql(query).to_arrow_reader(size)


def take_panes(database: Any, tier: int, source: PaneSource, stars: Stars) -> None:
    """Make the view of the panes of one length, `panes_` and that length in milliseconds.

    Its columns are product, start_ms, met_ms and a count of each step; a key may come repeatedly.
    """
    counts = ", ".join(
        f'"stars_{name}" AS {column}'
        for name, column in zip(stars.names, stars.columns, strict=True)
    )
    columns = f"product::VARCHAR AS product, start_ms, met_ms, {counts}"
    database.register(f"newest_{tier}", source.newest)
    parts = [f"SELECT {columns} FROM newest_{tier}"]
    if source.files:
        names = ", ".join(quoted(_literal(file)) for file in source.files)
        parts.append(f"SELECT {columns} FROM read_parquet([{names}], hive_partitioning = false)")
    database.execute(f"CREATE OR REPLACE VIEW panes_{tier} AS {' UNION ALL '.join(parts)}")


def _literal(file: Path) -> str:
    """The path of a file as a pattern that only this file has."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(file))


@contextmanager
def _failing() -> Iterator[None]:
    """What DuckDB says as errors of ours."""
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise RunError(
            "there is not enough memory to draw these windows",
            hint="Give more by --memory, or a folder with room by --scratch",
        ) from None
    except duckdb.Error as error:
        raise BadState(
            f"the panes cannot be read ({str(error).splitlines()[0]})",
            hint="Restore a backup of the state; if files were removed meanwhile, try again",
        ) from None
