"""The panes of one product out of the files of a history.

Files are sorted by product, so a file gives them with one or two of its row groups. Which, is
looked up in what the file says of itself; that is read once and kept.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from starwatch.errors import BadState
from starwatch.journal.pane_files import PaneFile
from starwatch.ratings.batch import NO_TIME
from starwatch.views.blocks import Block

_KNOWN_BYTES = 64 << 20
"""How much is remembered of what files say of themselves: up to 80 kB for a million ratings."""


@dataclass(frozen=True, slots=True)
class _Index:
    """What a file says of itself.

    Attributes:
        metadata: As Arrow reads it.
        last: The last product of each row group.
        first: The first one.
    """

    metadata: Any
    first: list[str]
    last: list[str]

    @classmethod
    def of(cls, metadata: Any) -> "_Index":
        groups = [
            metadata.row_group(number).column(0).statistics
            for number in range(metadata.num_row_groups)
        ]
        return cls(metadata, [each.min for each in groups], [each.max for each in groups])

    def groups(self, product: str) -> list[int]:
        """The row groups that may hold a product."""
        sought = product.encode()
        first = bisect_left(self.last, sought, key=str.encode)
        found = []
        for number in range(first, len(self.last)):
            if self.first[number].encode() > sought:
                break
            found.append(number)
        return found


class PaneReader:
    """Reads panes of a state; may be called from any thread.

    Args:
        folder: Its folder `history/`.
        steps: Steps of the scale.
    """

    def __init__(self, folder: Path, steps: int) -> None:
        self._folder = folder
        self._steps = steps
        self._known: dict[str, _Index] = {}
        self._bytes = 0
        self._lock = Lock()

    def of_product(
        self, files: Sequence[PaneFile], product: str, from_ms: int, upto_ms: int
    ) -> Block:
        """The panes of one product that start in a span of time, with code 0.

        Args:
            files: Files of one tier.
            product: Its id.
            from_ms: The earliest start.
            upto_ms: Behind the latest one.

        Raises:
            FileNotFoundError: a file was let go meanwhile.
            BadState: a file cannot be read.
        """
        tables = [
            table
            for file in files
            if file.last_ms >= from_ms and file.first_ms < upto_ms
            for table in self._rows(file, product)
        ]
        if not tables:
            return Block.empty(self._steps)
        panes = pa.concat_tables(tables)
        starts = panes["start_ms"].to_numpy()
        stars = np.stack([column.to_numpy() for column in panes.columns[3:]], axis=1)
        met = panes["met_ms"].fill_null(NO_TIME).to_numpy()
        inside = (starts >= from_ms) & (starts < upto_ms)
        code = np.zeros(int(inside.sum()), np.int32)
        return Block(code, starts[inside], met[inside], stars[inside].astype(np.uint32, copy=False))

    def whole(self, file: PaneFile, *, from_ms: int | None = None) -> pa.Table:
        """All panes of a file, or those that start at a moment or later.

        Raises:
            FileNotFoundError: it was let go meanwhile.
            BadState: it cannot be read.
        """
        filters = None if from_ms is None else pc.field("start_ms") >= from_ms
        try:
            return pq.read_table(self._folder / file.name, filters=filters, partitioning=None)
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowInvalid) as error:
            raise _broken(self._folder / file.name, error) from None

    def _rows(self, file: PaneFile, product: str) -> list[pa.Table]:
        path = self._folder / file.name
        try:
            index = self._index(file)
            groups = index.groups(product)
            if not groups:
                return []
            with pq.ParquetFile(path, metadata=index.metadata, memory_map=True) as parquet:
                panes = parquet.read_row_groups(groups, use_threads=False)
                rows = np.flatnonzero(pc.equal(panes["product"], product).to_numpy())
                if not len(rows):
                    return []
                found = panes.slice(int(rows[0]), len(rows))  # a product's rows are neighbours
                return [found.combine_chunks()]
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowInvalid) as error:
            raise _broken(path, error) from None

    def _index(self, file: PaneFile) -> _Index:
        with self._lock:
            known = self._known.get(file.name)
        if known is None:
            known = _Index.of(pq.read_metadata(self._folder / file.name))
            with self._lock:
                self._known[file.name] = known
                self._bytes += known.metadata.serialized_size
                while self._bytes > _KNOWN_BYTES and len(self._known) > 1:
                    oldest = self._known.pop(next(iter(self._known)))
                    self._bytes -= oldest.metadata.serialized_size
        return known


def _broken(path: Path, error: Exception) -> BadState:
    return BadState(f"{path} cannot be read ({error})", hint="Restore a backup of the state")
