"""Entries of a journal that lie in files: which files, and what else happened in them."""

import sqlite3
import time

import msgspec

from starwatch.journal.entries import Mark
from starwatch.journal.reading import Read
from starwatch.journal.sealing import Sealing


def write_sealing(database: sqlite3.Connection, sealing: Sealing) -> None:
    """Name files, and forget the entries that lie in them now, inside a transaction."""
    now = time.time_ns() // 1_000_000
    database.executemany(
        "INSERT INTO sealed VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (f.name, sealing.first, sealing.ratings, sealing.entry, f.size, f.crc, now)
            for f in sealing.files
        ),
    )
    database.executemany(
        "INSERT INTO marks (after, body) VALUES (?, ?)",
        ((mark.after, msgspec.json.encode(mark).decode()) for mark in sealing.marks),
    )
    database.execute("DELETE FROM journal WHERE id <= ?", (sealing.entry,))


def read_sealed(read: Read) -> list[str]:
    """Names of the files, in the order of their ratings."""
    return [file for (file,) in read("SELECT file FROM sealed ORDER BY first, file")]


def read_sealed_marks(read: Read) -> list[Mark]:
    """What happened besides ratings in them; `after` counts over all ratings."""
    rows = read("SELECT body FROM marks ORDER BY id")
    return [msgspec.json.decode(body, type=Mark) for (body,) in rows]
