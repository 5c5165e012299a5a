"""One writer per state directory: a lock that the operating system lets go when the writer dies."""

import os
import sys
from pathlib import Path
from typing import Self

from starwatch.errors import StateLocked


class DirectoryLock:
    """Holds a state directory for this process; used as a context.

    The lock is the operating system's (`flock`, on Windows `locking`), so a killed writer leaves
    nothing to clean up; the file only names who holds it.

    Args:
        directory: The state directory; it must be there.

    Raises:
        StateLocked: another process holds it; its process id is named.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / "writer.pid"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(self._file)
        except OSError:
            holder = os.read(self._file, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise StateLocked(
                f"the state {directory} is in use by process {holder}",
                hint="Stop that process first, or use another --state",
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, str(os.getpid()).encode())

    def __enter__(self) -> Self:
        """It is held from the start."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let it go."""
        os.close(self._file)


def _lock(file: int) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - this platform only

        os.lseek(file, 1 << 20, os.SEEK_SET)  # beyond the text, which others may read
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)
    else:
        import fcntl  # noqa: PLC0415 - this platform only

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
