"""The bytes of a file, unpacked, piece by piece, up to where it breaks."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from starwatch.errors import BrokenInput, MissingInput

PACKERS = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd", ".bz2": "bz2"}
"""Endings of packed files, and how they are unpacked."""

_STEP = 1 << 16
"""Bytes unpacked at once: after a break so much is unpacked once more, byte by byte."""


class FileBytes:
    """Reads one file, unpacking it by its ending.

    Args:
        path: The file.

    Raises:
        MissingInput: it is not there.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._packer = PACKERS.get(Path(path).suffix.lower())
        self._file: BinaryIO | None = None
        try:
            self.total_bytes = Path(path).stat().st_size
        except OSError as error:
            raise missing(path, error) from None

    @property
    def read_bytes(self) -> int:
        """How far the file on disk has been read."""
        file = self._file
        if file is None:
            return 0
        return self.total_bytes if file.closed else min(file.tell(), self.total_bytes)

    def pieces(self, size: int) -> Iterator[bytes]:
        """All bytes in pieces of about this size; those before a break come first.

        Raises:
            BrokenInput: the file cannot be unpacked or read further.
            MissingInput: it cannot be opened.
        """
        parts: list[bytes] = []
        held = given = 0
        with self._opened() as file:
            self._file = file
            stream = self._unpacked(file)
            step = size if self._packer is None else min(size, _STEP)
            try:
                while part := stream.read(step):
                    parts.append(part)
                    held += len(part)
                    if held >= size:
                        yield b"".join(parts)
                        given, held, parts = given + held, 0, []
            except OSError as error:
                yield b"".join([*parts, *self._before_break(given + held)])
                raise BrokenInput(f"{self._path} breaks off: {_why(error)}", hint=_HINT) from error
        if parts:
            yield b"".join(parts)

    def _opened(self) -> BinaryIO:
        try:
            return Path(self._path).open("rb", buffering=0)
        except OSError as error:
            raise missing(self._path, error) from None

    def _unpacked(self, file: BinaryIO) -> Any:
        if self._packer is None:
            return file
        import pyarrow as pa  # noqa: PLC0415 - plain files need none of it

        return pa.CompressedInputStream(pa.PythonFile(file, mode="r"), self._packer)

    def _before_break(self, start: int) -> Iterator[bytes]:
        """What can still be unpacked behind `start`: a failed read loses what it had."""
        if self._packer is None:
            return
        with self._opened() as file:
            stream = self._unpacked(file)
            try:
                while start > 0:
                    start -= len(stream.read(min(start, _STEP)))
                while part := stream.read(1):
                    yield part
            except OSError:
                return


_HINT = "The ratings before the break were read; fetch the file again for the rest"


def missing(path: str, error: OSError) -> MissingInput:
    """The error for a file that cannot be opened."""
    why = os.strerror(error.errno) if error.errno else str(error)
    return MissingInput(f"{path} cannot be read: {why[:1].lower()}{why[1:]}")


def _why(error: Exception) -> str:
    text = str(error).split("\n")[0].rstrip(". ")
    return f"{text[:1].lower()}{text[1:]}"
