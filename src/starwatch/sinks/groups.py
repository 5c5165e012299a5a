"""One Parquet file while it is written, a row group at a time."""

import os
from pathlib import Path

import pyarrow.parquet as pq

from starwatch.ports import RowContext
from starwatch.sinks.tables import schema, table
from starwatch.windows.rows import WindowRows

GROUP_ROWS = 131_072
"""Rows in a row group: large enough to compress, small enough for a reader to skip (as DuckDB)."""


class GroupFile:
    """A Parquet file that takes row groups; it can be read when it is finished, not before.

    Errors of the operating system are let through. After one, only `abandon` is called.

    Args:
        path: Where it is written; what is there is replaced.
        context: The job and its products.
    """

    def __init__(self, path: Path, context: RowContext) -> None:
        self._context = context
        self._file = path.open("wb")
        self._writer = pq.ParquetWriter(
            self._file,
            schema(context.job.scale),
            compression="zstd",
            store_decimal_as_integer=True,
        )
        self.rows = 0

    @property
    def size(self) -> int:
        """Its length in bytes so far."""
        return self._file.tell()

    def write(self, rows: WindowRows) -> None:
        """Add one row group; its bytes depend on these rows alone."""
        self._writer.write_table(table(rows, self._context), max(len(rows), 1))
        self.rows += len(rows)

    def finish(self, *, sync: bool = False) -> None:
        """Write the footer and close the file; with `sync` it lasts over a crash."""
        self._writer.close()
        if sync:
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Let the file go, whatever state it is in; it is not whole."""
        for end in (self._writer.close, self._file.close):
            try:
                end()
            except OSError:
                continue
