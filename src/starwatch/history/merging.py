"""Small old files of panes become few larger ones: opening a file costs about a millisecond.

As in a log-structured merge tree (O'Neil et al., 1996), neighbours of similar size are merged, so
sizes grow geometrically: whatever is not the largest of its merge lies in a file at least twice as
large afterwards, as long as keys do not coincide, and is therefore written again only a logarithmic
number of times.

Only panes that are kept whatever their age are merged, those of an hour and more. A file of shorter
ones goes a week after it was made; merged with younger ones it could not.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from starwatch.disk import checksum, sync_file, sync_folder
from starwatch.failpoints import reached
from starwatch.history.files import GROUP_ROWS, encodings, tier_folder
from starwatch.journal.pane_files import PaneFile, PaneMerge
from starwatch.journal.retention import LONG_PANES_MS

_MOST_FILES = 64
"""Files of one merge at most: all are open at once. A state that was never merged takes a few."""

MOST_BYTES = 64 << 20
"""Bytes that one merge reads at most, some seconds of work; what is larger is opened gladly."""

_ROWS = 1 << 18
"""Rows that are in memory at once, of all files together; at least a row group of each."""

_KEYS = ("product", "start_ms", "met_ms")


def to_merge(
    files: Iterable[PaneFile], *, fewest: int, most_bytes: int = MOST_BYTES
) -> list[PaneFile]:
    """Which files should become one; none where none should.

    Args:
        files: The files of panes of a state; those of backfills stay apart.
        fewest: How many neighbours are worth it.
        most_bytes: How many bytes they have together at most.

    Returns:
        Neighbours of one tier in the order of the journal. None of them is larger than all others
        together, and of all such the largest is the smallest.
    """
    kept = [file for file in files if file.tier_ms >= LONG_PANES_MS and file.entries]
    kept.sort(key=attrgetter("tier_ms", "entries"))
    found: list[list[PaneFile]] = []
    for _, tier in groupby(kept, attrgetter("tier_ms")):
        some = list(tier)
        found += (
            _similar(some[at : at + _MOST_FILES], fewest, most_bytes) for at in range(len(some))
        )
    wanted = [some for some in found if some]
    return min(wanted, key=lambda some: (max(file.size for file in some), -len(some)), default=[])


def _similar(files: Sequence[PaneFile], fewest: int, most_bytes: int) -> list[PaneFile]:
    """The first of some neighbours: as many as are enough, and more that are no larger."""
    total = largest = count = 0
    for number, file in enumerate(files, 1):
        if total + file.size > most_bytes or (count and file.size > largest):
            break
        total, largest = total + file.size, max(largest, file.size)
        if number >= fewest and 2 * largest <= total:
            count = number
    return list(files[:count])


def merge(folder: Path, sources: Sequence[PaneFile]) -> PaneMerge:
    """Write files of panes as one, under a name that readers of a folder pass over.

    Args:
        folder: The folder `history/` of a state.
        sources: What `to_merge` gives.

    Raises:
        OSError: the disk is full or fails.
    """
    ranges = [file.entries for file in sources if file.entries]
    stem = f"{ranges[0][0]:012d}-{ranges[-1][1]:012d}"
    tier = sources[0].tier_ms
    part = folder / tier_folder(tier) / f".{stem}.part"
    try:
        with ExitStack() as opened:
            paths = (folder / file.name for file in sources)
            files = [opened.enter_context(pq.ParquetFile(path, memory_map=True)) for path in paths]
            rows = _write(part, files[0].schema_arrow, _merged(files))
        sync_file(part)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    reached("merge.written")
    first = min(file.first_ms for file in sources)
    last = max(file.last_ms for file in sources)
    name = f"{tier_folder(tier)}/{stem}.parquet"
    file = PaneFile(name, tier, first, last, rows, part.stat().st_size, checksum(part))
    return PaneMerge(file, tuple(source.name for source in sources))


def put_in_place(folder: Path, merged: PaneMerge) -> None:
    """Give a merged file its name, just before a commit forgets what it was made of.

    Who reads a whole folder sees these panes twice from here until the others are removed.

    Raises:
        OSError: the disk fails.
    """
    path = folder / merged.file.name
    path.with_name(f".{path.stem}.part").replace(path)
    sync_folder(path.parent)
    reached("merge.renamed")


def _write(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> int:
    """Write sorted panes in whole row groups, some at a time; how many they are."""
    rows, waiting = 0, schema.empty_table()
    with ExitStack() as opened:
        writer: Any = None
        for table in _in_groups(tables, waiting):
            if writer is None:
                how = encodings(table, pc.count_distinct(table["product"]).as_py())
                writer = pq.ParquetWriter(path, schema, compression="zstd", **how)
                opened.enter_context(writer)
            writer.write_table(table, row_group_size=GROUP_ROWS)
            rows += len(table)
    return rows


def _in_groups(tables: Iterable[pa.Table], waiting: pa.Table) -> Iterator[pa.Table]:
    """The same rows cut where row groups end."""
    for table in tables:
        waiting = pa.concat_tables([waiting, table])
        whole = len(waiting) // GROUP_ROWS * GROUP_ROWS
        if whole:
            yield waiting.slice(0, whole)
            waiting = waiting.slice(whole).combine_chunks()
    if len(waiting):
        yield waiting


@dataclass(slots=True)
class _Source:
    """The rows of a file that are in memory, and where it goes on.

    Attributes:
        file: The file.
        at_once: Rows that are read together, at least a row group.
        rows: Read, and not taken yet.
        group: The next row group.
    """

    file: Any
    at_once: int
    rows: pa.Table = field(init=False)
    group: int = 0

    def __post_init__(self) -> None:
        self.rows = self.file.schema_arrow.empty_table()

    @property
    def ended(self) -> bool:
        """Whether all of it was read."""
        return bool(self.group >= self.file.num_row_groups)

    @property
    def last(self) -> bytes:
        """The last product that was read; there are rows."""
        return str(self.rows["product"][-1].as_py()).encode()

    def read(self) -> None:
        """Read more."""
        begin, count = self.group, 0
        while not self.ended and count < self.at_once:
            count += self.file.metadata.row_group(self.group).num_rows
            self.group += 1
        if self.group > begin:
            more = self.file.read_row_groups(range(begin, self.group), use_threads=False)
            self.rows = pa.concat_tables([self.rows, more])

    def take(self, upto: bytes | None) -> pa.Table:
        """Take what was read of the products up to one; None: all."""
        rows = self.rows
        inside = len(rows)
        if upto is not None:
            inside = pc.sum(pc.less_equal(rows["product"], upto.decode())).as_py() or 0
        self.rows = rows.slice(inside)
        return rows.slice(0, inside)


def _merged(files: Sequence[Any]) -> Iterator[pa.Table]:
    """The panes of sorted files, sorted and each key once, some whole products at a time."""
    sources = [_Source(file, max(_ROWS // len(files), 1)) for file in files]
    upto: bytes | None = b""
    while upto is not None:
        for source in sources:
            if not len(source.rows):
                source.read()
        upto = min((source.last for source in sources if not source.ended), default=None)
        for source in sources:
            while not source.ended and source.last == upto:
                source.read()
        parts = [source.take(upto) for source in sources]
        yield _summed(pa.concat_tables(parts))


def _summed(panes: pa.Table) -> pa.Table:
    stars = panes.schema.names[len(_KEYS) :]
    sums = [(name, "sum") for name in stars]
    summed = panes.group_by(_KEYS, use_threads=False).aggregate(sums)
    # Ratings in time stand first; how Arrow is told where nulls go differs between its versions.
    ranked = summed.append_column("late", pc.is_valid(summed["met_ms"]))
    keys = ("product", "start_ms", "late", "met_ms")
    order = pc.sort_indices(ranked, sort_keys=[(key, "ascending") for key in keys])
    summed = summed.select([*_KEYS, *(f"{name}_sum" for name in stars)]).take(order)
    return summed.rename_columns(panes.schema.names).cast(panes.schema)
