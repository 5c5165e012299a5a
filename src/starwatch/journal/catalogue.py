"""The catalogue that a state keeps: names and categories by product id."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from starwatch.journal.facts import write_facts
from starwatch.journal.schema import database_error, open_database, open_reading
from starwatch.ratings.catalogue import Catalogue

CATALOGUE = "catalogue"
"""The fact that tells how many catalogues were kept so far, so that whoever shows names sees when
there is another one."""

_AT_ONCE = 1 << 16
"""Rows that pass through Python objects at once: a million products stay small in memory."""


def keep_catalogue(path: Path, catalogue: Catalogue) -> None:
    """Put a catalogue in the place of the one that is kept, all or nothing.

    Args:
        path: The database of a state that this process holds.
        catalogue: Of several rows of one product the first is kept.

    Raises:
        OutputFailed: the disk is full; the old one is kept then.
    """
    with closing(open_database(path)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
            database.execute("DELETE FROM catalogue")
            for batch in catalogue.by_id().table().to_batches(_AT_ONCE):
                rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
                database.executemany(
                    "INSERT INTO catalogue VALUES (?, nullif(?, ''), nullif(?, ''))", rows
                )
            kept = database.execute("SELECT value FROM facts WHERE name = ?", (CATALOGUE,))
            (number,) = kept.fetchone() or ("0",)
            write_facts(database, {CATALOGUE: int(number) + 1})
            database.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise database_error(path, error) from None


def kept_catalogue(path: Path) -> Catalogue | None:
    """The catalogue that a state keeps, by rising product id; None if it keeps none.

    Raises:
        BadState: the database is broken.
    """
    query = (
        "SELECT product, coalesce(name, ''), coalesce(category, '') FROM catalogue ORDER BY product"
    )
    batches = []
    with closing(open_reading(path)) as database:
        try:
            rows = database.execute(query)
            while some := rows.fetchmany(_AT_ONCE):
                batches.append(
                    [pa.array(column, pa.string()) for column in zip(*some, strict=True)]
                )
        except sqlite3.DatabaseError as error:
            raise database_error(path, error) from None
    if not batches:
        return None
    return Catalogue(*(pa.concat_arrays(column) for column in zip(*batches, strict=True)))
