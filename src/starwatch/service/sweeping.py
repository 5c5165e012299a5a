"""Removes files of a state that no commit names: what a crash left behind.

A backfill makes its files beside a running job, and names them when all are there. So files of a
backfill are only removed by who holds its lock: then there is none in progress.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from starwatch.errors import StateLocked
from starwatch.journal.lock import BACKFILL, DirectoryLock
from starwatch.journal.places import BACKFILL_STEM, Places
from starwatch.journal.schema import nobody_reads_the_past
from starwatch.journal.store import Journal


def sweep(places: Places, journal: Journal) -> None:
    """Remove all files of sealed ratings and panes that no commit names, as a state is opened.

    Those of a backfill that goes on beside it stay; and all, where somebody still reads from a
    moment at which others counted.

    Args:
        places: Where they are; nobody else seals meanwhile.
        journal: What names them.

    Raises:
        OSError: a file cannot be removed.
    """
    with _backfill_kept_out(places.directory) as kept_out:
        for folder, path in _unnamed(places, journal):
            if kept_out or not _of_a_backfill(path):
                (folder / path).unlink(missing_ok=True)
        if kept_out:
            shutil.rmtree(places.staging, ignore_errors=True)


def sweep_backfills(places: Places, journal: Journal) -> None:
    """Remove what a backfill left that came to no end; the caller holds the lock of backfills.

    Raises:
        OSError: a file cannot be removed.
    """
    for folder, path in _unnamed(places, journal):
        if _of_a_backfill(path):
            (folder / path).unlink(missing_ok=True)
    shutil.rmtree(places.staging, ignore_errors=True)


def _of_a_backfill(path: Path) -> bool:
    """Whether a backfill made a file; one that is not whole yet has a dot before its name."""
    return path.name.removeprefix(".").startswith(BACKFILL_STEM)


def _unnamed(places: Places, journal: Journal) -> Iterator[tuple[Path, Path]]:
    """Folders, and files below them that no commit names, nor one that somebody still reads."""
    if not nobody_reads_the_past(places.database):
        return
    named = {
        places.ratings: {*journal.sealed(), *journal.backfilled()},
        places.history: {file.name for file in journal.pane_files()},
    }
    for folder, names in named.items():
        paths = [path.relative_to(folder) for path in folder.glob("*=*/*")]
        yield from ((folder, path) for path in paths if path.as_posix() not in names)


@contextmanager
def _backfill_kept_out(directory: Path) -> Iterator[bool]:
    """Whether no backfill goes on; none begins meanwhile then."""
    lock = None
    with suppress(StateLocked):
        lock = DirectoryLock(directory, BACKFILL, at_once=True)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.__exit__()
