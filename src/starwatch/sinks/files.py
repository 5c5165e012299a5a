"""Bytes into a file or standard output, with errors that say what to do; and text sinks on it."""

import errno
import io
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starwatch.errors import BadSetting, OutputFailed
from starwatch.ports import RowContext
from starwatch.sinks.registry import STDOUT
from starwatch.windows.rows import WindowRows

BLOCK_ROWS = 32_768
"""Rows formatted at once: enough to be fast, few enough that a block's text stays below 2 GiB."""

_Raw = io.RawIOBase | io.FileIO


class ByteTarget:
    """A file, emptied when opened, or standard output.

    Nothing is held back: bytes that `write` took are with the operating system. A crash of the
    machine may lose them, a crash of the process does not.
    """

    def __init__(self, target: str) -> None:
        self.name = "standard output" if target == STDOUT else target
        self._stdout = target == STDOUT
        self._raw = _raw_stdout() if self._stdout else _open_file(target)

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
                left = left[written or 0 :]

    def close(self) -> None:
        """Close the file; standard output stays open. Safe to call twice.

        Raises:
            OutputFailed: the operating system only now says that the bytes are lost.
        """
        if not self._stdout:
            with writing(self.name):
                self._raw.close()


class TextSink:
    """Rows as text in a file or on standard output.

    Guarantee: rows in the order of `write`; an existing file is overwritten, for a replay's output
    is a function of its input. Rows are held until there are enough of them to format quickly, or
    until `flush`, after which a reader sees them; so a live run calls `flush` after each close.
    What was flushed survives a crash of the process; there may be a torn last line.
    Nothing is called after `close`, but for `close`.

    Args:
        target: A path, or `-` for standard output.
        context: The job and its products.
        format_rows: A pure function from rows to the bytes of their lines.
        header: Bytes that stand before all rows.

    Raises:
        BadSetting: the target cannot be opened.
        OutputFailed: the target cannot be written.
    """

    def __init__(
        self,
        target: str,
        context: RowContext,
        format_rows: Callable[[WindowRows, RowContext], bytes],
        *,
        header: bytes = b"",
    ) -> None:
        self._context = context
        self._format = format_rows
        self._bytes = ByteTarget(target)
        self._waiting: list[WindowRows] = []
        self._held = 0
        try:
            self._bytes.write(header)
        except BaseException:
            self._bytes.close()
            raise

    def write(self, rows: WindowRows) -> None:
        """Take rows; they reach the target by `flush` or `close` at the latest."""
        self._waiting.append(rows)
        self._held += len(rows)
        if self._held >= BLOCK_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write all rows that were taken so far."""
        if not self._held:
            return
        rows = WindowRows.concat(self._waiting)
        self._forget()
        for first in range(0, len(rows), BLOCK_ROWS):
            block = rows.take(slice(first, first + BLOCK_ROWS))
            self._bytes.write(self._format(block, self._context))

    def close(self) -> None:
        """Write what is left and close the file. A failed write is not tried again."""
        try:
            self.flush()
        finally:
            self._forget()
            self._bytes.close()

    def abandon(self) -> None:
        """Close the file: the rows before the failure are as good as any."""
        self.close()

    def _forget(self) -> None:
        self._waiting, self._held = [], 0


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


def _open_file(target: str) -> _Raw:
    path = Path(target)
    with opening(target):
        refuse_folder(path)
        return path.open("wb", buffering=0)


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
