"""Old journal entries as open Parquet: the sealed ratings of a state (architecture §7).

Sealed ratings lie in `ratings/day=YYYY-MM-DD/`, by the day of their event time (of their arrival
where they have none), sorted by `seq`, their number in the order of the journal. Where a range of
the journal touches many days, it lies by month or year instead: twenty years of reviews would be
thousands of files of a few ratings each. A file is named by the range of the journal that it comes
from; it counts once a commit has named it, and files that no commit names are removed when a state
is opened.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from starwatch.disk import checksum, sync_folder
from starwatch.failpoints import reached
from starwatch.journal.entries import Entry, Mark
from starwatch.ratings.batch import NO_TIME

_DELTAS = ("seq", "arrival_ms", "position", "event_ms")

MOST_FILES = 64
"""Files of one range at most: two months of days. Each costs two trips to the disk as it is made,
and an open file as it is read."""

_SPANS = (("day", "D"), ("month", "M"), ("year", "Y"))
_ANY_TIME = "year=any"
"""Where not even by year: no catalogue of ratings spans so many, but broken clocks do."""


@dataclass(frozen=True, slots=True)
class SealedFile:
    """One file of sealed ratings.

    Attributes:
        name: Its path below `ratings/`.
        ratings: How many it holds.
        size: Its bytes.
        crc: Their CRC-32.
    """

    name: str
    ratings: int
    size: int
    crc: int


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
    stem = f"{entries[0][0]:012d}-{entries[-1][0]:012d}"
    files = write_ratings(folder, table, stem)
    return Sealing(first, len(table), entries[-1][0], files, _marks(first, entries))


def write_ratings(
    folder: Path, ratings: pa.Table, stem: str, *, most_files: int = MOST_FILES
) -> tuple[SealedFile, ...]:
    """Write ratings as files, a file for each day, month or year; none without ratings.

    Args:
        folder: Where to: each file gets a folder in it by its span.
        ratings: The columns of `starwatch.journal.entries.SCHEMA` behind `seq`, by rising `seq`.
        stem: What each file is called.
        most_files: How many files at most.

    Raises:
        OSError: the disk is full or fails.
    """
    event_ms = ratings["event_ms"].to_numpy()
    times = np.where(event_ms == NO_TIME, ratings["arrival_ms"].to_numpy(), event_ms)
    files = tuple(
        write_file(folder, f"{span}/{stem}.parquet", ratings.take(pa.array(rows)))
        for span, rows in _by_span(times, most_files)
    )
    if files:
        sync_folder(folder)  # it may have got new folders
    return files


def _by_span(times_ms: NDArray[np.int64], most: int) -> Sequence[tuple[str, NDArray[np.int64]]]:
    """The names of the shortest spans that are not too many, rising, each with its rows in order.

    Args:
        times_ms: int64, shape (n,).
        most: How many spans are not too many.
    """
    if not len(times_ms):
        return []
    moments = times_ms.astype("datetime64[ms]")
    for name, unit in _SPANS:
        spans = moments.astype(f"datetime64[{unit}]")
        order = np.argsort(spans, kind="stable")
        ordered = spans[order]
        starts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
        if len(starts) < most:
            groups = np.split(order, starts)
            return [(f"{name}={spans[rows[0]]}", rows) for rows in groups]
    return [(_ANY_TIME, np.arange(len(times_ms)))]


def write_file(folder: Path, name: str, table: pa.Table) -> SealedFile:
    """Write ratings as one file, which is there whole or not at all.

    Args:
        folder: The folder of sealed ratings.
        name: Its path in it.
        table: Its ratings, as `write_ratings` takes them.

    Raises:
        OSError: the disk is full or fails.
    """
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
    crc = checksum(part)
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    reached("seal.before_rename")
    part.replace(path)
    sync_folder(path.parent)
    reached("seal.after_rename")
    return SealedFile(name, len(table), path.stat().st_size, crc)


def _marks(first: int, entries: list[tuple[int, Entry]]) -> tuple[Mark, ...]:
    marks, start = [], first
    for _, entry in entries:
        marks += [replace(mark, after=mark.after + start) for mark in entry.marks]
        start += len(entry.ratings)
    return tuple(marks)
