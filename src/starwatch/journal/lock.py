"""One writer per state directory: a lock that the operating system lets go when the writer dies."""

import os
import sys
import time
from pathlib import Path
from typing import Self

from starwatch.errors import StateLocked

WRITER = "writer.pid"
"""The lock of whoever runs the job."""

BACKFILL = "backfill.pid"
"""The lock of a backfill, which goes on beside a writer; and of whoever sweeps what it writes."""

_ATTEMPTS = {WRITER: 5, BACKFILL: 100}
"""Others hold a lock for a moment: to see who holds it; and for long enough to sweep."""

_PAUSE_SECONDS = 0.01


class DirectoryLock:
    """Holds a state directory for this process; used as a context.

    The lock is the operating system's (`flock`, on Windows `locking`), so a killed writer leaves
    nothing to clean up; the file only names who holds it.

    Args:
        directory: The state directory; it must be there.
        file: Which lock, `WRITER` or `BACKFILL`.
        at_once: Whether it is free now or never.

    Raises:
        StateLocked: another process holds it; its process id is named.
    """

    def __init__(self, directory: Path, file: str = WRITER, *, at_once: bool = False) -> None:
        self._file = os.open(directory / file, os.O_RDWR | os.O_CREAT, 0o644)
        if not _locked(self._file, 1 if at_once else _ATTEMPTS[file]):
            holder = _holder(self._file)
            os.close(self._file)
            raise _refusal(directory, file, holder)
        os.ftruncate(self._file, 0)
        os.write(self._file, str(os.getpid()).encode())

    def __enter__(self) -> Self:
        """It is held from the start."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let it go."""
        os.close(self._file)


def writer_of(directory: Path) -> str | None:
    """The process id of whoever holds a state directory; None if nobody does.

    To know, it holds the directory itself for a moment, which a start waits for.
    """
    try:
        file = os.open(directory / WRITER, os.O_RDWR)
    except OSError:  # nobody has written yet, or nobody here may
        return None
    try:
        _lock(file)
    except OSError:
        return _holder(file)
    finally:
        os.close(file)
    return None


def _refusal(directory: Path, file: str, holder: str) -> StateLocked:
    if file == BACKFILL:
        return StateLocked(
            f"the state {directory} is being backfilled by process {holder}",
            hint="Wait until that process has ended",
        )
    return StateLocked(
        f"the state {directory} is in use by process {holder}",
        hint="Stop that process first, or use another --state",
    )


def _locked(file: int, attempts: int) -> bool:
    """Take the lock; somebody who only looks has it for a moment, a writer for long."""
    for attempt in range(attempts):
        if attempt:
            time.sleep(_PAUSE_SECONDS)
        try:
            _lock(file)
        except OSError:
            continue
        return True
    return False


def _holder(file: int) -> str:
    """Who holds the lock, by the text that is beside it."""
    return os.read(file, 32).decode(errors="replace").strip() or "unknown"


def _lock(file: int) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - this platform only

        os.lseek(file, 1 << 20, os.SEEK_SET)  # beyond the text, which others may read
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)
    else:
        import fcntl  # noqa: PLC0415 - this platform only

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
