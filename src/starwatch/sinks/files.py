"""Bytes into a file or standard output, with errors that say what to do; and text sinks on it."""

import errno
import io
import os
import select
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starwatch.disk import sync_folder
from starwatch.errors import BadSetting, OutputFailed
from starwatch.failpoints import reached
from starwatch.ports import Cursor, RowContext
from starwatch.sinks.held import HeldRows
from starwatch.sinks.registry import STDOUT
from starwatch.windows.rows import WindowRows

BLOCK_ROWS = 32_768
"""Rows formatted at once: enough to be fast, few enough that a block's text stays below 2 GiB."""

FormatRows = Callable[[WindowRows, RowContext], bytes]
"""A pure function from rows to the bytes of their lines."""

_Raw = io.RawIOBase | io.FileIO


class ByteTarget:
    """A file, emptied or cut back when opened, or standard output.

    Nothing is held back: bytes that `write` took are with the operating system. A crash of the
    machine may lose them, a crash of the process does not; bytes before a `sync` outlast both.

    Args:
        target: A path, or `-` for standard output.
        length: How many bytes of the file stay; with 0 it is made where it is not there.

    Raises:
        BadSetting: the target cannot be opened.
        OutputFailed: the file is shorter than that, or not there.
    """

    def __init__(self, target: str, length: int = 0) -> None:
        self.name = "standard output" if target == STDOUT else target
        self._stdout = target == STDOUT
        self._raw = _raw_stdout() if self._stdout else _open_file(target, length)
        self._is_file = not self._stdout and stat.S_ISREG(os.fstat(self._raw.fileno()).st_mode)
        self._folder = None if self._stdout else Path(os.path.realpath(target)).parent
        self.length = length if self._is_file else 0

    @property
    def is_file(self) -> bool:
        """Whether it keeps what it is given; pipes, devices and standard output do not."""
        return self._is_file

    def write(self, data: bytes) -> None:
        """Write all of it.

        Raises:
            OutputFailed: it could not be written.
            BrokenPipeError: the reader of standard output has gone.
        """
        left = memoryview(data)
        with writing(self.name, pipe_ends_quietly=self._stdout):
            while left:
                written = self._raw.write(left)
                if written is None:  # a non-blocking pipe that is full
                    select.select((), (self._raw,), ())
                self.length += written or 0
                left = left[written or 0 :]

    def sync(self) -> None:
        """Make what was written last over a crash of the machine, and the file's name with it.

        Raises:
            OutputFailed: the operating system only now says that the bytes are lost.
        """
        if not self._is_file:
            return
        with writing(self.name):
            os.fsync(self._raw.fileno())
            if self._folder is not None:
                sync_folder(self._folder)
                self._folder = None

    def close(self) -> None:
        """Close the file; standard output stays open. Safe to call twice.

        Raises:
            OutputFailed: the operating system only now says that the bytes are lost.
        """
        if not self._stdout:
            with writing(self.name):
                self._raw.close()


class TextSink:
    """Rows as text in a file or on standard output; a plain sink, and a lasting one.

    Guarantee: rows in the order of `write`. Opened at the start, the file is emptied, for a
    replay's output is a function of its input; opened at a cursor, it is cut back to that length
    and goes on, so that it gets the bytes of a run that was never killed. Rows are held until there
    are enough of them to format quickly, or until `flush`, after which a reader sees them; so a
    live run calls `flush` after each close. What was flushed survives a crash of the process, what
    was secured one of the machine; there may be a torn last line behind it.
    A target that is no file is not lasting: it begins anew each time.
    Nothing is called after `close`, but for `close` and `secured`; after an `OutputFailed` no row
    is taken.

    Args:
        target: A path, or `-` for standard output.
        context: The job and its products.
        format_rows: Makes the bytes of rows.
        header: Bytes that stand before all rows; not written again where the file goes on.
        name: What the journal keeps the cursor under.
        cursor: Where a lasting sink goes on; None for a plain one.

    Raises:
        BadSetting: the target cannot be opened.
        OutputFailed: the target cannot be written, or is shorter than the cursor says.
    """

    def __init__(  # noqa: PLR0913
        self,
        target: str,
        context: RowContext,
        format_rows: FormatRows,
        *,
        header: bytes = b"",
        name: str = "",
        cursor: Cursor | None = None,
    ) -> None:
        self._context = context
        self._format = format_rows
        self.name = name
        self._cursor = cursor or Cursor()
        self._plain = cursor is None
        self._bytes = ByteTarget(target, self._cursor.length)
        self._waiting = HeldRows()
        self._rows = self._cursor.rows
        self._ended = False
        try:
            if not self._bytes.length:
                self._bytes.write(header)
        except BaseException:
            self._bytes.close()
            raise

    @property
    def lasting(self) -> bool:
        """Whether it can go on after a crash: it is a file."""
        return self._bytes.is_file

    def write(self, rows: WindowRows) -> None:
        """Take rows; they reach the target by `flush` or `close` at the latest."""
        if self._ended:
            raise given_up(self._bytes.name)
        self._waiting.add(rows)
        if len(self._waiting) >= BLOCK_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write all rows that were taken so far."""
        with self._ending_with_errors():
            while block := self._waiting.take(BLOCK_ROWS):
                self._bytes.write(self._format(block, self._context))
                self._rows += len(block)

    def skip(self, number: int) -> None:
        """Count rows that are not given; they leave no trace in the file."""
        self.flush()
        self._rows += number

    def secured(self) -> Cursor:
        """Write all rows that were taken so far, on to the disk, and say how far that is."""
        if not self._ended:
            self.flush()
            with self._ending_with_errors():
                self._bytes.sync()
            self._cursor = Cursor(self._rows, self._bytes.length)
        return self._cursor

    def close(self) -> None:
        """Write what is left and close the file. A failed write is not tried again."""
        try:
            if self._plain:
                self.flush()
            else:
                self.secured()
        finally:
            self._ended = True
            self._bytes.close()

    def abandon(self) -> None:
        """Close the file: the rows before the failure are as good as any."""
        self.close()

    @contextmanager
    def _ending_with_errors(self) -> Iterator[None]:
        """After an error nobody knows where the file ends: no more of it, and no other cursor."""
        try:
            yield
        except BaseException:
            self._ended = True
            self._waiting.clear()
            raise


@contextmanager
def opening(target: str) -> Iterator[None]:
    """Turn what the operating system says while a target is opened into a `BadSetting`."""
    try:
        yield
    except OSError as error:
        raise BadSetting(
            f"the output {target!r} cannot be opened: {_reason(error)}", hint=_open_hint(error)
        ) from error


@contextmanager
def writing(name: str, *, pipe_ends_quietly: bool = False) -> Iterator[None]:
    """Turn what the operating system says while writing into an `OutputFailed`."""
    try:
        yield
    except OSError as error:
        if pipe_ends_quietly and isinstance(error, BrokenPipeError):
            raise
        hint = "What was written so far is kept"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            hint = "Make room on the disk, or write elsewhere"
        raise OutputFailed(f"{name} cannot be written: {_reason(error)}", hint=hint) from error


def refuse_folder(path: Path) -> None:
    """Refuse a path that is a folder; Windows would speak of permissions.

    Raises:
        IsADirectoryError: it is one.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))


def given_up(name: str) -> OutputFailed:
    """The error of a sink that is given rows when it cannot take more."""
    return OutputFailed(f"{name} takes no more rows after an error", hint="Open it again")


def lost(name: str, size: int | None, length: int) -> OutputFailed:
    """The error of a target that holds less than its cursor says; size None: it is gone."""
    found = "is gone" if size is None else f"holds {size} bytes"
    return OutputFailed(
        f"{name} {found}, where {length} bytes were written for certain",
        hint="Put back what was there, or begin anew with another --state",
    )


def _open_file(target: str, length: int) -> _Raw:
    path = Path(target)
    with opening(target):
        refuse_folder(path)
        if not length:
            return path.open("wb", buffering=0)
        size = path.stat().st_size if path.exists() else None
        if size is None or size < length:
            raise lost(target, size, length)
        return _cut_back(path.open("r+b", buffering=0), size, length)


def _cut_back(file: io.FileIO, size: int, length: int) -> _Raw:
    """Let go of what stands behind a length, and go on there."""
    try:
        if size > length:
            reached("sink.cut")
            file.truncate(length)
            reached("sink.cut")
        file.seek(length)
    except BaseException:
        file.close()
        raise
    return file


def _raw_stdout() -> _Raw:
    """Standard output below its buffers, so that a failed write leaves nothing for the exit."""
    if sys.stdout is None:
        raise BadSetting("standard output is closed", hint="Name a file, or leave it open")
    sys.stdout.flush()
    buffer: Any = sys.stdout.buffer
    raw: _Raw = getattr(buffer, "raw", buffer)
    return raw


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _open_hint(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "Create its folder first"
    if isinstance(error, IsADirectoryError):
        return "Name a file inside the folder"
    if isinstance(error, PermissionError):
        return "Choose a place that you may write to"
    return "Choose another file"
