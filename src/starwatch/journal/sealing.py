"""Old journal entries as open Parquet: the sealed ratings of a state (architecture §7).

Sealed ratings lie in `ratings/day=YYYY-MM-DD/`, by the day of their event time (of their arrival
where they have none), sorted by `seq`, their number in the order of the journal. A file is named
by the range of the journal that it comes from; it counts once a commit has named it, and files
that no commit names are removed when a state is opened.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from starwatch.disk import sync_folder
from starwatch.failpoints import reached
from starwatch.journal.entries import Entry, Mark
from starwatch.ratings.batch import NO_TIME

DAY_MS = 86_400_000
_DELTAS = ("seq", "arrival_ms", "position", "event_ms")


@dataclass(frozen=True, slots=True)
class SealedFile:
    """One file of sealed ratings.

    Attributes:
        name: Its path below `ratings/`.
        size: Its bytes.
    """

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Sealing:
    """A range of the journal as files, to be named by a commit.

    Attributes:
        first: Number of its first rating.
        ratings: How many it holds.
        entry: The last entry of the range.
        files: The files that hold them, whole and on the disk.
        marks: What else happened in it; `after` counts from the first rating of all.
    """

    first: int
    ratings: int
    entry: int
    files: tuple[SealedFile, ...]
    marks: tuple[Mark, ...]


def seal(folder: Path, first: int, entries: list[tuple[int, Entry]]) -> Sealing:
    """Write a range of entries as files; nothing counts before a commit names them.

    Args:
        folder: The folder `ratings/` of a state.
        first: Number of the first rating of the range.
        entries: Its entries with their numbers; at least one.

    Raises:
        OSError: the disk is full or fails.
    """
    table = pa.Table.from_batches([entry.ratings for _, entry in entries])
    seq = np.arange(first, first + len(table), dtype=np.int64)
    table = table.add_column(0, "seq", pa.array(seq))
    stem = f"{entries[0][0]:012d}-{entries[-1][0]:012d}.parquet"
    files = [
        _write(folder, f"day={_day_name(day)}/{stem}", table.take(pa.array(rows)))
        for day, rows in _by_day(table)
    ]
    return Sealing(first, len(table), entries[-1][0], tuple(files), _marks(first, entries))


def sweep(folder: Path, named: set[str]) -> None:
    """Remove files of sealed ratings that no commit names."""
    for path in folder.glob("day=*/*"):
        if path.relative_to(folder).as_posix() not in named:
            path.unlink(missing_ok=True)


def _by_day(table: pa.Table) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Days since the epoch, rising, each with the rows of that day in their order."""
    event_ms = table["event_ms"].to_numpy()
    times = np.where(event_ms == NO_TIME, table["arrival_ms"].to_numpy(), event_ms)
    days = times // DAY_MS
    order = np.argsort(days, kind="stable")
    starts = np.flatnonzero(np.diff(days[order], prepend=np.iinfo(np.int64).min))
    for rows in np.split(order, starts[1:]):
        if len(rows):
            yield int(days[rows[0]]), rows


def _day_name(day: int) -> str:
    return str(np.datetime64(day, "D"))


def _write(folder: Path, name: str, table: pa.Table) -> SealedFile:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    pq.write_table(
        table,
        part,
        compression="zstd",
        use_dictionary=["product", "partition", "stars", "class"],
        column_encoding=dict.fromkeys(_DELTAS, "DELTA_BINARY_PACKED")
        | {"reviewer": "DELTA_BYTE_ARRAY", "rating_id": "DELTA_BYTE_ARRAY"},
    )
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    reached("seal.before_rename")
    part.replace(path)
    sync_folder(path.parent)
    reached("seal.after_rename")
    return SealedFile(name, path.stat().st_size)


def _marks(first: int, entries: list[tuple[int, Entry]]) -> tuple[Mark, ...]:
    marks, start = [], first
    for _, entry in entries:
        marks += [replace(mark, after=mark.after + start) for mark in entry.marks]
        start += len(entry.ratings)
    return tuple(marks)
