"""Ratings as open Parquet files by day, month or year (architecture §7).

A file takes ratings a part at a time and is there whole or not at all; what it holds in memory is
the row group that is not full yet, so a million ratings need no more than some of them.
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from starwatch.disk import checksum, sync_file, sync_folder
from starwatch.failpoints import reached
from starwatch.ratings.batch import NO_TIME

_DELTAS = ("seq", "arrival_ms", "position", "event_ms")

GROUP_ROWS = 1 << 17
"""Ratings of a row group: as many take some 20 MB while they are written, and ten times as many
would be smaller by a few per cent."""

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


def write_ratings(
    folder: Path,
    parts: Iterable[pa.Table],
    times_ms: NDArray[np.int64],
    stem: str,
    *,
    most_files: int = MOST_FILES,
) -> tuple[SealedFile, ...]:
    """Write ratings as files, a file for each day, month or year; none without ratings.

    Args:
        folder: Where to: each file gets a folder in it by its span.
        parts: The ratings: columns of `starwatch.journal.entries.SCHEMA` behind `seq`, by rising
            `seq`; each part is let go before the next one is asked for.
        times_ms: int64, shape (n,); the time of each by which it is filed, as `filed_at` gives it.
        stem: What each file is called.
        most_files: How many files at most.

    Raises:
        OSError: the disk is full or fails.
    """
    spans = _by_span(times_ms, most_files)
    with ExitStack() as opened:
        files = [opened.enter_context(_File(folder, f"{span}/{stem}.parquet")) for span, _ in spans]
        start = 0
        for part in parts:
            end = start + len(part)
            for file, (_, rows) in zip(files, spans, strict=True):
                mine = rows[slice(*np.searchsorted(rows, (start, end)))]
                if len(mine):
                    whole = len(mine) == len(part)
                    file.add(part if whole else part.take(pa.array(mine - start)))
            start = end
        written = tuple(file.finish() for file in files)
    if written:
        sync_folder(folder)  # it may have got new folders
    return written


def write_file(folder: Path, name: str, table: pa.Table) -> SealedFile:
    """Write ratings as one file, which is there whole or not at all.

    Args:
        folder: The folder of sealed ratings.
        name: Its path in it.
        table: Its ratings, as the parts of `write_ratings`.

    Raises:
        OSError: the disk is full or fails.
    """
    with _File(folder, name) as file:
        for start in range(0, len(table), GROUP_ROWS):
            file.add(table.slice(start, GROUP_ROWS))
        return file.finish()


def filed_at(ratings: pa.Table | pa.RecordBatch) -> NDArray[np.int64]:
    """The time by which each rating is filed: of its event, of its arrival where it has none."""
    event_ms, arrival_ms = (ratings.column(name).to_numpy() for name in ("event_ms", "arrival_ms"))
    times: NDArray[np.int64] = np.where(event_ms == NO_TIME, arrival_ms, event_ms)
    return times


class _File:
    """One file in the making; where it breaks off, only its part is left, for the next sweep."""

    def __init__(self, folder: Path, name: str) -> None:
        self._name = name
        self._path = folder / name
        self._part = self._path.with_suffix(".part")
        self._waiting: list[pa.Table] = []
        self._writer: pq.ParquetWriter | None = None
        self._ratings = 0

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if self._writer is not None:
            with suppress(OSError):  # only after an error: a finished file is closed already
                self._writer.close()

    def add(self, ratings: pa.Table) -> None:
        """Take ratings behind all others."""
        self._waiting.append(ratings)
        if sum(map(len, self._waiting)) >= GROUP_ROWS:
            self._write()

    def finish(self) -> SealedFile:
        """Have all of it on the disk under its name; it took some ratings."""
        writer = self._write()
        writer.close()
        crc = checksum(self._part)
        sync_file(self._part)
        reached("seal.before_rename")
        self._part.replace(self._path)
        sync_folder(self._path.parent)
        reached("seal.after_rename")
        return SealedFile(self._name, self._ratings, self._path.stat().st_size, crc)

    def _write(self) -> pq.ParquetWriter:
        """Write a row group of what waits."""
        waiting, self._waiting = self._waiting, []
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._part,
                waiting[0].schema,
                compression="zstd",
                use_dictionary=["product", "partition", "stars", "class"],
                column_encoding=dict.fromkeys(_DELTAS, "DELTA_BINARY_PACKED")
                | {"reviewer": "DELTA_BYTE_ARRAY", "rating_id": "DELTA_BYTE_ARRAY"},
            )
        if waiting:
            group = pa.concat_tables(waiting)
            self._ratings += len(group)
            self._writer.write_table(group)
        return self._writer


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
