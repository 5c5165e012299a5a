"""Brings journalled ratings, and what happened between them, into a database of their own."""

# ruff: noqa: S608 - what is put into the texts are names of columns

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.errors import BadSetting, BadState
from starwatch.journal.entries import Entry, rating_columns
from starwatch.journal.entries import Mark as Journalled
from starwatch.ratings.batch import Batch

COLUMNS = """
    seq BIGINT, arrival_ms BIGINT, partition INTEGER, position BIGINT, stars UTINYINT,
    event_ms BIGINT, class UTINYINT, met_ms BIGINT,
    product VARCHAR, reviewer VARCHAR, rating_id VARCHAR"""

_NAMES = (
    "arrival_ms, partition, position, stars, event_ms, class, met_ms, product, reviewer, rating_id"
)

_MARKS = pa.schema(
    [
        ("place", pa.int64()),
        ("after", pa.int64()),
        ("kind", pa.string()),
        ("partition", pa.int32()),
        ("at_ms", pa.int64()),
        ("value", pa.bool_()),
        ("watermark_ms", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened besides ratings.

    Attributes:
        after: The number of the first rating behind it, over all entries.
        kind: `join`, `leave`, `finish`, or `busy`: the partition holds the watermark from here on,
            or not. Other kinds move nothing by themselves.
        partition: Whose; -1 where it concerns all.
        at_ms: When.
        value: For `busy`: whether it holds the watermark.
        watermark_ms: The job's watermark is at least here from now on: where a clock moved it.
    """

    after: int
    kind: str
    partition: int = -1
    at_ms: int = 0
    value: bool = False
    watermark_ms: int | None = None


def open_database(memory: str | None = None, folder: str | None = None) -> Any:
    """A DuckDB connection in memory.

    Args:
        memory: How much memory it may use, as `4GB`; beyond that it writes to `folder`.
        folder: Where to; None: where DuckDB likes.

    Raises:
        BadSetting: DuckDB cannot read how much.
    """
    config: dict[str, Any] = {"preserve_insertion_order": True}
    config |= {"memory_limit": memory} if memory else {}
    config |= {"temp_directory": folder} if folder else {}
    try:
        return duckdb.connect(config=config)
    except duckdb.Error:
        raise BadSetting(
            f"{memory!r} is no amount of memory", hint="Give a number with its unit, as 4GB"
        ) from None


@dataclass
class Inputs:
    """Takes inputs in their order; `finish` makes the relations of them.

    Attributes:
        database: A DuckDB connection; `ratings`, `marks` and `rejects` are made anew in it.
        ratings: How many ratings it has taken.
        rejects: How many rejects that are in no batch, by reason.
    """

    database: Any
    ratings: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    _marks: list[Mark] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the table of ratings."""
        self.database.execute(f"CREATE OR REPLACE TABLE ratings ({COLUMNS})")

    def sealed(self, files: Sequence[str], marks: Sequence[Journalled] = ()) -> None:
        """Take sealed Parquet files, which hold the numbers of their ratings, before all else.

        Args:
            files: Their paths, in any order.
            marks: What happened in their range; `after` counts over all ratings.

        Raises:
            BadState: a file is not there or broken.
        """
        if files:
            self._parquet(files)
            last = "SELECT coalesce(max(seq), -1) FROM ratings"
            self.ratings = 1 + self.database.execute(last).fetchall()[0][0]
        for mark in marks:
            self.mark(_as_mark(mark, 0))

    def entries(self, entries: Iterable[Entry]) -> None:
        """Take journal entries."""
        for entry in entries:
            for mark in entry.marks:
                self.mark(_as_mark(mark, self.ratings))
            self._columns(entry.ratings)

    def batch(self, batch: Batch, classes: NDArray[np.uint8] | None = None) -> None:
        """Take a batch; without classes, as if all were counted."""
        if classes is None:
            classes = np.zeros(len(batch), np.uint8)
        self.rejects.update(str(reject.reason) for _, reject in batch.rejects)
        if len(batch):
            self._columns(rating_columns(batch, classes))

    def mark(self, mark: Mark) -> None:
        """Take a mark."""
        self._marks.append(mark)

    def finish(self) -> None:
        """Make the relations; nothing is taken afterwards."""
        marks = [(place, *astuple(mark)) for place, mark in enumerate(self._marks)]
        columns = list(zip(*marks, strict=True)) or [()] * len(_MARKS)
        arrays = [pa.array(c, f.type) for c, f in zip(columns, _MARKS, strict=True)]
        self._table("marks", pa.table(arrays, schema=_MARKS))
        reasons = pa.array(list(self.rejects), pa.string())
        numbers = pa.array(list(self.rejects.values()), pa.int64())
        self._table("rejects", pa.table({"reason": reasons, "number": numbers}))

    def _parquet(self, files: Sequence[str]) -> None:
        columns = f"seq, {_NAMES}"
        query = f"INSERT INTO ratings SELECT {columns} FROM read_parquet(?) ORDER BY seq"
        try:
            self.database.execute(query, [list(files)])
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            why = str(error).splitlines()[0]
            raise BadState(
                f"sealed ratings cannot be read ({why})", hint="Restore a backup of the state"
            ) from None

    def _columns(self, ratings: pa.RecordBatch) -> None:
        numbers = pa.array(np.arange(self.ratings, self.ratings + len(ratings)))
        self.ratings += len(ratings)
        self.database.register("incoming", ratings.append_column("seq", numbers))
        self.database.execute(f"INSERT INTO ratings SELECT seq, {_NAMES} FROM incoming")
        self.database.unregister("incoming")

    def _table(self, name: str, table: pa.Table) -> None:
        self.database.register("incoming", table)
        self.database.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM incoming")
        self.database.unregister("incoming")


def _as_mark(mark: Journalled, first: int) -> Mark:
    """A journalled mark, counted over all entries."""
    return Mark(
        after=first + mark.after,
        kind=str(mark.kind),
        partition=mark.partition,
        at_ms=mark.at_ms,
        value=mark.value,
        watermark_ms=mark.watermark_ms,
    )
