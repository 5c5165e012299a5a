"""Parquet with proper types (`--output parquet:w.parquet`)."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from starwatch.errors import BadSetting
from starwatch.ports import RowContext
from starwatch.ratings.scale import Scale
from starwatch.sinks.files import opening, refuse_folder, writing
from starwatch.sinks.registry import STDOUT
from starwatch.sinks.texts import MEAN_DIGITS, mean_decimals, sizes_ms, star_names
from starwatch.windows.rows import WindowRows

GROUP_ROWS = 131_072
"""Rows in a row group: large enough to compress, small enough for a reader to skip (as DuckDB)."""

_NAMED = pa.dictionary(pa.int32(), pa.string())
_MOMENT = pa.timestamp("ms", tz="UTC")


def open_sink(target: str, context: RowContext) -> "ParquetSink":
    """Open a Parquet file; see `ParquetSink`."""
    return ParquetSink(target, context)


def schema(scale: Scale) -> pa.Schema:
    """The columns of the file: one integer column for each star value among them."""
    return pa.schema(
        [
            ("window", _NAMED),
            ("product", _NAMED),
            ("start", _MOMENT),
            ("end", _MOMENT),
            ("count", pa.int64()),
            *((name, pa.int64()) for name in star_names(scale)),
            ("mean", pa.decimal128(18, MEAN_DIGITS)),
            ("revision", pa.int32()),
        ]
    )


def table(rows: WindowRows, context: RowContext) -> pa.Table:
    """The rows as an Arrow table of that schema."""
    job, products = context.job, context.products
    labels = np.array([window.label for window in job.windows], np.object_)
    codes, product = np.unique(rows.product, return_inverse=True)
    stars = rows.stars.astype(np.int64)
    columns = [
        _named(rows.spec, pa.array(labels, pa.string())),
        _named(product, products.take(codes)),
        _moments(rows.end_ms - sizes_ms(job)[rows.spec]),
        _moments(rows.end_ms),
        pa.array(rows.count),
        *(pa.array(np.ascontiguousarray(stars[:, step])) for step in range(stars.shape[1])),
        mean_decimals(rows, job.scale),
        pa.array(rows.revision),
    ]
    return pa.table(columns, schema=schema(job.scale))


class ParquetSink:
    """Rows as row groups of one Parquet file.

    Guarantee: rows in the order of `write`; the file appears under its name at `close`, whole, and
    replaces one that was there. Until then it is `NAME.part` beside it, which a crash leaves
    unreadable; a failed write removes it. A target that is no regular file, such as a pipe, is
    written directly. `flush` does nothing, for an open Parquet file cannot be read.
    Nothing is called after `close`, but for `close`.

    Raises:
        BadSetting: the target cannot be opened, or is standard output.
    """

    def __init__(self, target: str, context: RowContext) -> None:
        if target == STDOUT:
            raise BadSetting(
                "Parquet cannot go to standard output", hint="Name a file: parquet:w.parquet"
            )
        self._context = context
        self._path, self._part = _paths(target)
        with opening(target):
            refuse_folder(self._path)
            self._file = self._part.open("wb")
        self._writer = pq.ParquetWriter(
            self._file,
            schema(context.job.scale),
            compression="zstd",
            store_decimal_as_integer=True,
        )
        self._waiting: list[WindowRows] = []
        self._held = 0
        self._open = True

    def write(self, rows: WindowRows) -> None:
        """Take rows; each full row group is written."""
        self._waiting.append(rows)
        self._held += len(rows)
        if self._held >= GROUP_ROWS:
            self._write_groups()

    def flush(self) -> None:
        """Do nothing: rows cannot be read before the file is closed."""

    def close(self) -> None:
        """Write the rest and the footer, and give the file its name. Safe to call twice."""
        if not self._open:
            return
        self._write_groups(rest=True)
        self._open = False
        try:
            with writing(str(self._path)):
                self._writer.close()
                self._file.close()
                self._part.replace(self._path)
        except BaseException:
            self._give_up()
            raise

    def abandon(self) -> None:
        """Remove what is unfinished; a file that was there before stays."""
        if self._open:
            self._give_up()

    def _write_groups(self, *, rest: bool = False) -> None:
        """Write the full row groups that wait, and with `rest` the last one too."""
        if not self._held:
            return
        rows = WindowRows.concat(self._waiting)
        whole = len(rows) if rest else len(rows) // GROUP_ROWS * GROUP_ROWS
        self._waiting, self._held = [rows.take(slice(whole, None))], len(rows) - whole
        try:
            with writing(str(self._path)):
                for first in range(0, whole, GROUP_ROWS):
                    group = rows.take(slice(first, min(first + GROUP_ROWS, whole)))
                    self._writer.write_table(table(group, self._context), GROUP_ROWS)
        except BaseException:
            self._give_up()
            raise

    def _give_up(self) -> None:
        """Let the file go and remove what is unfinished."""
        self._open = False
        self._waiting, self._held = [], 0
        for end in (self._writer.close, self._file.close):
            try:
                end()
            except OSError:
                continue
        if self._part != self._path:
            self._part.unlink(missing_ok=True)


def _paths(target: str) -> tuple[Path, Path]:
    """Where the file goes, links followed, and where it is written until it is whole."""
    path = Path(os.path.realpath(target))
    if path.exists() and not path.is_file():
        return path, path
    return path, path.with_name(f"{path.name}.part")


def _named(codes: NDArray[np.integer], names: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), names)


def _moments(ms: NDArray[np.int64]) -> pa.Array:
    return pa.array(ms).cast(_MOMENT)
