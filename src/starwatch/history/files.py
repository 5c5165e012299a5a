"""Panes as Parquet files of a state: `history/tier=5s/`, `tier=1m/`, `tier=1h/`, `tier=1d/`.

A file is named by the range of journal entries that it holds; it counts once a commit has named
it, and files that no commit names are removed when a state is opened. Files are never changed; old
ones of long panes are merged (`starwatch.history.merging`), which gives others.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from starwatch.disk import checksum, sync_folder
from starwatch.failpoints import reached
from starwatch.history.panes import Counting, pane_tables
from starwatch.history.tiers import tiers_ms
from starwatch.journal.entries import Entry
from starwatch.journal.pane_files import PaneFile, PaneRange
from starwatch.ratings.durations import duration_label
from starwatch.windows.job import Job

_A_FILE = 1 << 20
"""Ratings that share a file; what a run writes in one go, after a long time, may be more."""

GROUP_ROWS = 1 << 13
"""Rows of a row group: a reader of one product takes one or two of them from each file, in a
millisecond. Files are a hundredth larger than with sixteen times as many."""

_REPEATED = 2
"""Panes a product from which a dictionary of ids is small; it is also three times faster to read
than ids by differences, which are a third smaller where each comes once."""


def write_panes(folder: Path, job: Job, entries: Iterable[tuple[int, Entry]]) -> PaneRange:
    """Write the panes of a range of entries; nothing counts before a commit names the files.

    Args:
        folder: The folder `history/` of a state.
        job: The rules by which the ratings were admitted.
        entries: The entries with their numbers and at least `COLUMNS`; at least one.

    Raises:
        OSError: the disk is full or fails.
    """
    files: list[PaneFile] = []
    tiers = tiers_ms(job.windows)
    counting, first, last = Counting(job), 0, 0
    for number, entry in entries:
        first, last = first or number, number
        counting.add(entry.ratings)
        if len(counting) >= _A_FILE:
            files += _write_all(folder, f"{first:012d}-{last:012d}", counting.tables(tiers))
            counting, first = Counting(job), 0
    if first:
        files += _write_all(folder, f"{first:012d}-{last:012d}", counting.tables(tiers))
    return PaneRange(last, tuple(files))


def write_tables(folder: Path, job: Job, ratings: pa.Table, stem: str) -> tuple[PaneFile, ...]:
    """Write the panes of ratings in all tiers of a job, a file a tier; none without panes.

    Raises:
        OSError: the disk is full or fails.
    """
    return _write_all(folder, stem, pane_tables(ratings, job, tiers_ms(job.windows)))


def _write_all(
    folder: Path, stem: str, tables: Iterable[tuple[int, pa.Table]]
) -> tuple[PaneFile, ...]:
    return tuple(_write(folder, tier, stem, table) for tier, table in tables if len(table))


def tier_folder(tier_ms: int) -> str:
    """What the folder of a tier is called: `tier=5s`."""
    return f"tier={duration_label(tier_ms)}"


def _write(folder: Path, tier_ms: int, stem: str, table: pa.Table) -> PaneFile:
    name = f"{tier_folder(tier_ms)}/{stem}.parquet"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    # Readers of a whole folder pass over names that begin with a dot.
    part = path.with_name(f".{stem}.part")
    how = encodings(table, len(table["product"].chunk(0).dictionary))
    pq.write_table(_plain(table), part, compression="zstd", row_group_size=GROUP_ROWS, **how)
    crc = checksum(part)
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    reached("history.before_rename")
    part.replace(path)
    sync_folder(path.parent)
    reached("history.after_rename")
    span = pc.min_max(table["start_ms"]).as_py()
    size = path.stat().st_size
    return PaneFile(name, tier_ms, span["min"], span["max"], len(table), size, crc)


def _plain(table: pa.Table) -> pa.Table:
    """Ids as texts: a column that brings its dictionary is written with all of it in each group."""
    return table.set_column(0, "product", table["product"].cast(pa.string()))


def encodings(panes: pa.Table, products: int) -> dict[str, Any]:
    """Dictionaries for all columns; but ids that hardly repeat are kept by where they differ.

    Args:
        panes: What is written, or the beginning of it.
        products: Of how many products that is.
    """
    if len(panes) >= _REPEATED * products:
        return {"use_dictionary": True}
    others = [name for name in panes.schema.names if name != "product"]
    return {"use_dictionary": others, "column_encoding": {"product": "DELTA_BYTE_ARRAY"}}
