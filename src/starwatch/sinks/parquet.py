"""Parquet with proper types (`--output parquet:w.parquet`): a file, or with a state its parts."""

import os
from pathlib import Path

from starwatch.errors import BadSetting
from starwatch.ports import Cursor, RowContext
from starwatch.sinks.files import opening, refuse_folder, writing
from starwatch.sinks.groups import GROUP_ROWS, GroupFile
from starwatch.sinks.held import HeldRows
from starwatch.sinks.parts import PartsSink
from starwatch.sinks.registry import STDOUT
from starwatch.windows.rows import WindowRows


def open_sink(target: str, context: RowContext) -> "ParquetSink":
    """Open a Parquet file; see `ParquetSink`."""
    return ParquetSink(_file_target(target), context)


def open_parts(target: str, context: RowContext, *, name: str, cursor: Cursor) -> PartsSink:
    """Open a folder of Parquet files to go on at a cursor; see `PartsSink`."""
    return PartsSink(_file_target(target), context, name=name, cursor=cursor)


class ParquetSink:
    """Rows as row groups of one Parquet file.

    Guarantee: rows in the order of `write`; the file appears under its name at `close`, whole, and
    replaces one that was there. Until then it is `NAME.part` beside it, which a crash leaves
    unreadable; a failed write removes it. A target that is no regular file, such as a pipe, is
    written directly. `flush` does nothing, for an open Parquet file cannot be read.
    Nothing is called after `close`, but for `close`.

    Raises:
        BadSetting: the target cannot be opened.
    """

    def __init__(self, target: str, context: RowContext) -> None:
        self._path, self._part = _paths(target)
        with opening(target):
            refuse_folder(self._path)
            self._file = GroupFile(self._part, context)
        self._waiting = HeldRows()
        self._open = True

    def write(self, rows: WindowRows) -> None:
        """Take rows; each full row group is written."""
        self._waiting.add(rows)
        while len(self._waiting) >= GROUP_ROWS:
            self._write_group()

    def flush(self) -> None:
        """Do nothing: rows cannot be read before the file is closed."""

    def close(self) -> None:
        """Write the rest and the footer, and give the file its name. Safe to call twice."""
        if not self._open:
            return
        self._write_group()
        self._open = False
        try:
            with writing(str(self._path)):
                self._file.finish()
                self._part.replace(self._path)
        except BaseException:
            self._give_up()
            raise

    def abandon(self) -> None:
        """Remove what is unfinished; a file that was there before stays."""
        if self._open:
            self._give_up()

    def _write_group(self) -> None:
        """Write the rows that wait, one row group at most."""
        rows = self._waiting.take(GROUP_ROWS)
        if rows is None:
            return
        try:
            with writing(str(self._path)):
                self._file.write(rows)
        except BaseException:
            self._give_up()
            raise

    def _give_up(self) -> None:
        """Let the file go and remove what is unfinished."""
        self._open = False
        self._waiting.clear()
        self._file.abandon()
        if self._part != self._path:
            self._part.unlink(missing_ok=True)


def _file_target(target: str) -> str:
    if target == STDOUT:
        raise BadSetting(
            "Parquet cannot go to standard output", hint="Name a file: parquet:w.parquet"
        )
    return target


def _paths(target: str) -> tuple[Path, Path]:
    """Where the file goes, links followed, and where it is written until it is whole."""
    path = Path(os.path.realpath(target))
    if path.exists() and not path.is_file():
        return path, path
    return path, path.with_name(f"{path.name}.part")
