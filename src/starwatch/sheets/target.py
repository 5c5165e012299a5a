"""The file of a workbook: on a full disk it fails once, and not again when it is let go."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xlsxwriter


class _Target(io.FileIO):
    """A file that takes everything after it has failed, and keeps nothing of it.

    A zip archive that could not be written is closed once more when Python lets it go, and would
    print a traceback behind the error that was already said.
    """

    _failed = False

    def write(self, data: Any) -> int:
        """Write all of it; the disk may take less at once."""
        if self._over:
            return memoryview(data).nbytes
        rest = memoryview(data).cast("B")
        size = len(rest)
        while len(rest):
            try:
                rest = rest[super().write(rest) :]
            except OSError:
                self._failed = True
                raise
        return size

    def seek(self, *where: int) -> int:
        """Go somewhere, as long as that means anything."""
        return 0 if self._over else super().seek(*where)

    def tell(self) -> int:
        """Where it is, as long as that means anything."""
        return 0 if self._over else super().tell()

    def flush(self) -> None:
        """Nothing waits: there is no buffer."""

    @property
    def _over(self) -> bool:
        return self._failed or self.closed


@contextmanager
def workbook(path: Path, folder: str) -> Iterator[Any]:
    """A workbook that is written row by row, and is whole at the end.

    Args:
        path: Where to.
        folder: Where its parts lie until then.

    Raises:
        OSError: it cannot be written.
        XlsxWriterException: it cannot be written.
    """
    options = {"constant_memory": True, "tmpdir": folder}
    with _Target(path, "w+") as file, xlsxwriter.Workbook(file, options) as book:
        yield book
