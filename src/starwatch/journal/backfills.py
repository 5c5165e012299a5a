"""Files that were backfilled: their books, their rejects, and the files that hold their ratings.

They have tables of their own, so that nothing of the live job, its numbering, its resume and its
proof, meets them.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass

from starwatch.journal.pane_files import PaneFile
from starwatch.journal.rating_files import SealedFile
from starwatch.journal.reading import Read
from starwatch.ratings.rejects import Reason, Reject

KEPT_REJECTS = 100_000
"""The first rejects of a file that can be listed: as many as of a whole job."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """One file that was backfilled, with its book.

    Attributes:
        id: Its number, from 1; the partition of its ratings.
        path: What it was called.
        size: Its bytes.
        hash: Of all its bytes.
        received: How many ratings it held, unreadable ones among them.
        counted: Those in the history.
        duplicate: Those that the state held, or that came before in this backfill.
        rejected: Those that could not be counted.
        made_ms: When it was taken, by the clock on the wall.
    """

    id: int
    path: str
    size: int
    hash: str
    received: int
    counted: int
    duplicate: int
    rejected: int
    made_ms: int

    @property
    def kept_rejects(self) -> int:
        """How many of its rejects can be listed."""
        return min(self.rejected, KEPT_REJECTS)

    @property
    def balanced(self) -> bool:
        """Whether each of its ratings is in exactly one class."""
        return self.received == self.counted + self.duplicate + self.rejected


@dataclass(frozen=True, slots=True)
class BackfillRun:
    """Files that are taken at once, to be named by one commit.

    Attributes:
        backfills: The files.
        ratings: Files that hold their ratings, sealed.
        panes: Files that hold their panes.
    """

    backfills: Sequence[Backfill]
    ratings: Sequence[SealedFile]
    panes: Sequence[PaneFile]


def read_backfills(read: Read) -> list[Backfill]:
    """The files that were backfilled, in the order in which they were taken."""
    query = (
        "SELECT id, path, size, hash, received, counted, duplicate, rejected, made_ms"
        " FROM backfills ORDER BY id"
    )
    return [Backfill(*row) for row in read(query)]


def read_backfill_rejects(read: Read, reason: str | None) -> Iterator[tuple[str, Reject]]:
    """Pairs of the path of a file and reject, of one reason or of all."""
    query = (
        "SELECT path, position, reason, raw FROM backfill_rejects AS r"
        " JOIN backfills ON backfills.id = r.backfill"
    )
    query += " WHERE reason = ?" if reason else ""
    for path, position, why, raw in read(f"{query} ORDER BY r.id", (reason,) if reason else ()):
        yield path, Reject(position, Reason(why), raw)


def write_backfill_rejects(
    database: sqlite3.Connection, rejects: Sequence[tuple[int, Reject]]
) -> None:
    """Keep pairs of a backfill's number and reject, inside a transaction."""
    database.executemany(
        "INSERT INTO backfill_rejects (backfill, position, reason, raw) VALUES (?, ?, ?, ?)",
        ((number, r.position, str(r.reason), r.raw) for number, r in rejects),
    )


def forget_unfinished(database: sqlite3.Connection) -> None:
    """Remove rejects of backfills that came to no end, inside a transaction."""
    database.execute(
        "DELETE FROM backfill_rejects WHERE backfill NOT IN (SELECT id FROM backfills)"
    )


def write_backfill(database: sqlite3.Connection, run: BackfillRun) -> None:
    """Name the files of a backfill and enter its books, inside a transaction."""
    first = min(each.id for each in run.backfills)
    database.executemany(
        "INSERT INTO backfills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((each.id, first, *astuple(each)[1:]) for each in run.backfills),
    )
    now = time.time_ns() // 1_000_000
    database.executemany(
        "INSERT INTO backfilled VALUES (?, ?, ?, ?, ?, ?)",
        ((file.name, first, file.ratings, file.size, file.crc, now) for file in run.ratings),
    )
