"""The files of panes that a state has, as its database names them."""

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class PaneFile:
    """One file of panes.

    Attributes:
        name: Its path below `history/`.
        tier_ms: The length of its panes.
        first_ms: The earliest start of a pane in it.
        last_ms: The latest one.
        rows: How many it holds.
        size: Its bytes.
        crc: Their CRC-32.
    """

    name: str
    tier_ms: int
    first_ms: int
    last_ms: int
    rows: int
    size: int
    crc: int


@dataclass(frozen=True, slots=True)
class PaneRange:
    """A range of the journal as panes, to be named by a commit.

    Attributes:
        entry: The last entry of the range.
        files: The files that hold it, whole and on the disk; none where it has no rating.
    """

    entry: int
    files: tuple[PaneFile, ...]


PANES_UPTO = "panes_upto"
"""The fact that tells the last journal entry which files of panes hold."""


PANES_GONE = "panes_gone"
"""The fact that tells, by the length of panes as text, before which moment some were let go."""


def note_panes_gone(database: sqlite3.Connection, files: Sequence[str]) -> None:
    """Note which panes are not all there once these files are forgotten, inside a transaction."""
    if not files:
        return
    known = database.execute("SELECT value FROM facts WHERE name = ?", (PANES_GONE,)).fetchone()
    gone: dict[str, int] = msgspec.json.decode(known[0]) if known else {}
    query = "SELECT tier_ms, last_ms + tier_ms FROM history WHERE file = ?"
    for file in files:
        for tier, end in database.execute(query, (file,)):
            gone[str(tier)] = max(gone.get(str(tier), end), end)
    row = (PANES_GONE, msgspec.json.encode(gone).decode())
    database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", row)


def name_pane_files(database: sqlite3.Connection, files: Sequence[PaneFile]) -> None:
    """Name files, inside a transaction."""
    now = time.time_ns() // 1_000_000
    database.executemany(
        "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((f.name, f.tier_ms, f.first_ms, f.last_ms, f.rows, f.size, f.crc, now) for f in files),
    )
