"""Old journal entries as open Parquet: the sealed ratings of a state (architecture §7).

Sealed ratings lie in `ratings/day=YYYY-MM-DD/`, by the day of their event time (of their arrival
where they have none), sorted by `seq`, their number in the order of the journal. Where a range of
the journal touches many days, it lies by month or year instead: twenty years of reviews would be
thousands of files of a few ratings each. A file is named by the range of the journal that it comes
from; it counts once a commit has named it, and files that no commit names are removed when a state
is opened.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from starwatch.journal.entries import SCHEMA, Entry, Mark
from starwatch.journal.rating_files import GROUP_ROWS, SealedFile, filed_at, write_ratings

_FILED_BY = ("arrival_ms", "event_ms")


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


def seal(
    folder: Path, first: int, read: Callable[[Sequence[str]], Iterable[tuple[int, Entry]]]
) -> Sealing:
    """Write a range of entries as files; nothing counts before a commit names them.

    The entries are read twice, first for when their ratings are filed, so that never all of them
    are in memory.

    Args:
        folder: The folder `ratings/` of a state.
        first: Number of the first rating of the range.
        read: Gives its entries with their numbers, at least one and always the same, with at least
            these columns.

    Raises:
        OSError: the disk is full or fails.
    """
    numbers, times, marks, end = [], [], [], first
    for number, entry in read(_FILED_BY):
        numbers.append(number)
        times.append(filed_at(entry.ratings))
        marks += [replace(mark, after=mark.after + end) for mark in entry.marks]
        end += len(entry.ratings)
    stem = f"{numbers[0]:012d}-{numbers[-1]:012d}"
    parts = _parts(first, (entry.ratings for _, entry in read(SCHEMA.names)))
    files = write_ratings(folder, parts, np.concatenate(times), stem)
    return Sealing(first, end - first, numbers[-1], files, tuple(marks))


def _parts(first: int, ratings: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The ratings with their numbers in front, as many at once as a row group has, or some more."""
    some: list[pa.RecordBatch] = []
    for batch in chain(ratings, [None]):
        if batch is not None:
            some.append(batch)
        rows = sum(map(len, some))
        if rows and (batch is None or rows >= GROUP_ROWS):
            part = pa.Table.from_batches(some)
            some = []
            yield part.add_column(0, "seq", pa.array(np.arange(first, first + rows)))
            first += rows
