"""Which files a database names that could go, and how it forgets them."""

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from starwatch.failpoints import reached
from starwatch.journal.pane_files import note_panes_gone
from starwatch.journal.retention import LONG_PANES_MS, Kind, Lot, Pruning

FIRSTS = "SELECT first FROM sealed UNION ALL SELECT first FROM journal"
"""The numbers of the first ratings of all that is kept of the journal."""


def lots(database: sqlite3.Connection) -> Iterator[Lot]:
    """Everything that retention may let go: ranges of sealed ratings whole, others by the file."""
    sealed = "SELECT first, ratings, file, bytes, made_ms FROM sealed ORDER BY first, file"
    for (first, ratings), rows in groupby(database.execute(sealed), key=lambda row: row[:2]):
        _, _, files, sizes, made = zip(*rows, strict=True)
        yield Lot(Kind.RATINGS, max(made), files, sum(sizes), ratings, (first, ratings))
    backfilled = "SELECT file, ratings, bytes, made_ms FROM backfilled ORDER BY made_ms, file"
    for file, ratings, size, made_ms in database.execute(backfilled):
        yield Lot(Kind.RATINGS, made_ms, (file,), size, ratings)
    panes = "SELECT file, tier_ms, bytes, made_ms FROM history ORDER BY made_ms, file"
    for file, tier_ms, size, made_ms in database.execute(panes):
        kind = Kind.LONG_PANES if tier_ms >= LONG_PANES_MS else Kind.SHORT_PANES
        yield Lot(kind, made_ms, (file,), size)


def forget(database: sqlite3.Connection, pruning: Pruning) -> None:
    """Take what goes out of the tables, inside a transaction; its files count no more then."""
    note_panes_gone(database, pruning.panes)
    tables = (
        ("sealed", pruning.ratings),
        ("backfilled", pruning.ratings),
        ("history", pruning.panes),
    )
    for table, files in tables:
        database.executemany(
            f"DELETE FROM {table} WHERE file = ?",  # noqa: S608 - a name of our own
            ((file,) for file in files),
        )
    if pruning.first_kept is not None:
        database.execute("DELETE FROM marks WHERE after < ?", (pruning.first_kept,))


def remove(ratings: Path, panes: Path, pruning: Pruning) -> None:
    """Remove files that no commit names any more.

    One that cannot be removed now is swept away when the state is opened again.

    Args:
        ratings: The folder of sealed ratings.
        panes: The folder of panes.
        pruning: Their names.
    """
    reached("prune.named")
    paths = [ratings / name for name in pruning.ratings] + [panes / name for name in pruning.panes]
    for path in paths:
        with suppress(OSError):
            path.unlink()
    reached("prune.removed")
