"""The files of panes that a state has, as its database names them."""

import re
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

_ENTRIES = re.compile(r".*/(\d{12})-(\d{12})\.parquet")


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

    @property
    def entries(self) -> tuple[int, int] | None:
        """The first and the last journal entry whose panes it holds; None if a backfill made it."""
        found = _ENTRIES.fullmatch(self.name)
        return (int(found[1]), int(found[2])) if found else None


@dataclass(frozen=True, slots=True)
class PaneMerge:
    """Files of panes as one, to be named by a commit that forgets them.

    Attributes:
        file: The sum of them.
        sources: Their names.
    """

    file: PaneFile
    sources: tuple[str, ...]


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


def name_pane_files(
    database: sqlite3.Connection, files: Sequence[PaneFile], made_ms: int | None = None
) -> None:
    """Name files, inside a transaction; made now if nothing else is said."""
    made = time.time_ns() // 1_000_000 if made_ms is None else made_ms
    database.executemany(
        "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((f.name, f.tier_ms, f.first_ms, f.last_ms, f.rows, f.size, f.crc, made) for f in files),
    )


def name_merged(database: sqlite3.Connection, merged: PaneMerge) -> None:
    """Name a merged file in the place of others, inside a transaction; it is as old as the newest.

    So it goes, where there is no room for all, when the newest of them would have gone.
    """
    query = "DELETE FROM history WHERE file = ? RETURNING made_ms"
    made = [database.execute(query, (name,)).fetchone()[0] for name in merged.sources]
    name_pane_files(database, [merged.file], max(made))
