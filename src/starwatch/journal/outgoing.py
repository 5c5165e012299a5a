"""Window rows of a state that sinks still need, and how far each sink is."""

import sqlite3
from collections.abc import Generator, Iterator, Mapping

from starwatch.journal.reading import Read
from starwatch.ports import Cursor


def write_rows(database: sqlite3.Connection, first: int, rows: tuple[int, bytes]) -> None:
    """Put the window rows of a commit into the outbox, inside its transaction.

    Args:
        database: Where to.
        first: The number of the first.
        rows: How many, and their bytes.
    """
    query = "INSERT INTO outbox (first, rows, body) VALUES (?, ?, ?)"
    database.execute(query, (first, *rows))


def write_cursors(database: sqlite3.Connection, cursors: Mapping[str, Cursor]) -> None:
    """Note how far sinks are, inside a transaction."""
    for name, cursor in cursors.items():
        row = (name, cursor.rows, cursor.length)
        database.execute("INSERT OR REPLACE INTO sinks VALUES (?, ?, ?)", row)


def let_go(database: sqlite3.Connection, before: int) -> None:
    """Let window rows before a number go, inside a transaction.

    The newest stay whatever happens, for the next ones are numbered after them.
    """
    database.execute(
        "DELETE FROM outbox WHERE first + rows <= ? AND id < (SELECT max(id) FROM outbox)",
        (before,),
    )


def read_rows(read: Read, first: int) -> Generator[tuple[int, bytes], None, None]:
    """The blobs from the one that holds window row `first` on, each with its first row."""
    query = "SELECT first, body FROM outbox WHERE first + rows > ? AND length(body) > 0 ORDER BY id"
    return read(query, (first,))


def read_sizes(read: Read) -> Iterator[tuple[int, int]]:
    """For each blob the number behind its last window row, and its bytes."""
    return read("SELECT first + rows, length(body) FROM outbox ORDER BY id")


def read_first(read: Read) -> int | None:
    """The number of the first window row that is there; None where none is."""
    (first,) = next(read("SELECT min(first) FROM outbox WHERE length(body) > 0"))
    return None if first is None else int(first)


def read_cursor(read: Read, sink: str) -> Cursor | None:
    """How far a sink is for certain, None where nothing is known of it."""
    found = next(read("SELECT rows, bytes FROM sinks WHERE name = ?", (sink,)), None)
    return Cursor(*found) if found else None
