"""What a database of a state says about itself, all of one moment."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from starwatch.journal.pruning import FIRSTS
from starwatch.journal.rejects import REJECTS_GONE
from starwatch.journal.schema import database_error, open_reading
from starwatch.ports import Cursor


@dataclass(frozen=True, slots=True)
class Survey:
    """A state as one commit left it.

    Attributes:
        facts: Its named values.
        rows_read: How many rows of each source are committed, by its name; rejects too.
        window_rows: How many were emitted.
        cursors: How far each sink is for certain.
        waiting: Bytes in the outbox that each sink does not hold for certain.
        entries: How many the journal holds.
        ratings: How many ratings these hold.
        sealed_ratings: How many were moved into files.
        backfills: How many files were backfilled.
        backfilled_ratings: How many ratings of these are in files.
        first_kept: The number of the first rating that is kept: 0 as long as none was let go.
        rejects_gone: How many rejects cannot be listed any more.
        files: How many files count, by the table that names them.
        products: How many the catalogue holds.
    """

    facts: Mapping[str, Any]
    rows_read: Mapping[str, int]
    window_rows: int
    cursors: Mapping[str, Cursor]
    waiting: Mapping[str, int]
    entries: int
    ratings: int
    sealed_ratings: int
    backfills: int
    backfilled_ratings: int
    first_kept: int
    rejects_gone: int
    files: Mapping[str, int]
    products: int


def survey(path: Path) -> Survey:
    """Read what a database says, also while another process writes to it.

    Raises:
        MissingInput: it is not there.
        BadState: it is broken, or no database of ours.
    """
    with closing(open_reading(path)) as database:
        try:
            database.execute("BEGIN")
            return _survey(database)
        except sqlite3.DatabaseError as error:
            raise database_error(path, error) from None


def named_files(database: sqlite3.Connection) -> dict[str, list[str]]:
    """The files that count, by the table that names them: each that has a column `file`."""
    tables = database.execute(
        "SELECT t.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c"
        " WHERE t.type = 'table' AND c.name = 'file' ORDER BY t.name"
    ).fetchall()
    return {
        table: [file for (file,) in database.execute(f'SELECT file FROM "{table}" ORDER BY file')]  # noqa: S608 - a name of our own
        for (table,) in tables
    }


def _survey(database: sqlite3.Connection) -> Survey:
    def one(query: str) -> tuple[Any, ...]:
        return tuple(database.execute(query).fetchone())

    def pairs(query: str) -> dict[str, Any]:
        return {name: value for name, value, *_ in database.execute(query)}

    entries, ratings = one("SELECT count(*), coalesce(sum(ratings), 0) FROM journal")
    ranges = "SELECT DISTINCT first, ratings FROM sealed"
    facts = pairs("SELECT name, value FROM facts")
    facts = {name: msgspec.json.decode(value) for name, value in facts.items()}
    return Survey(
        facts=facts,
        rows_read=pairs(
            "SELECT name, sum(counted + duplicate + late + rejected + rejects) FROM positions"
            " GROUP BY name ORDER BY min(partition)"
        ),
        window_rows=one("SELECT coalesce(max(first + rows), 0) FROM outbox")[0],
        cursors={
            name: Cursor(rows, length)
            for name, rows, length in database.execute("SELECT * FROM sinks ORDER BY name")
        },
        waiting=pairs(
            "SELECT name, coalesce((SELECT sum(length(body)) FROM outbox"
            " WHERE outbox.first + outbox.rows > sinks.rows), 0) FROM sinks"
        ),
        entries=entries,
        ratings=ratings,
        sealed_ratings=one(f"SELECT coalesce(sum(ratings), 0) FROM ({ranges})")[0],  # noqa: S608
        backfills=one("SELECT count(*) FROM backfills")[0],
        backfilled_ratings=one("SELECT coalesce(sum(ratings), 0) FROM backfilled")[0],
        first_kept=one(f"SELECT coalesce(min(first), 0) FROM ({FIRSTS})")[0],  # noqa: S608
        rejects_gone=sum((facts.get(REJECTS_GONE) or {}).values()),
        files={table: len(files) for table, files in named_files(database).items()},
        products=one("SELECT count(*) FROM catalogue")[0],
    )
