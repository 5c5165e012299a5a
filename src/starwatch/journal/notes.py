"""What a source must remember of its deliveries, to tell what it was given again (§6)."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a source remembers, made last by the commit of the ratings it is about.

    Attributes:
        source: Whose: the name of the source.
        key: Under which name; a later note of the same takes its place.
        value: What.
        made_ms: When, by the service's clock.
    """

    source: str
    key: str
    value: bytes
    made_ms: int


def write_notes(database: sqlite3.Connection, notes: Sequence[Note]) -> None:
    """Write notes, inside a transaction."""
    database.executemany(
        "INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?)",
        ((note.source, note.key, note.value, note.made_ms) for note in notes),
    )


def forget_notes(database: sqlite3.Connection, source: str, before_ms: int) -> None:
    """Forget what a source noted before a moment, inside a transaction."""
    database.execute("DELETE FROM notes WHERE source = ? AND made_ms < ?", (source, before_ms))


def read_notes(database: sqlite3.Connection, source: str) -> dict[str, tuple[bytes, int]]:
    """All that a source remembers: by key, what and when."""
    query = "SELECT key, value, made_ms FROM notes WHERE source = ?"
    return {key: (value, made) for key, value, made in database.execute(query, (source,))}
