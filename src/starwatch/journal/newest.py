"""The newest of what a state refused or that came too late, a page at a time."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from starwatch.admission.ledger import Class
from starwatch.errors import BadState
from starwatch.journal.entries import SCHEMA, Entry, as_batch
from starwatch.journal.schema import database_error, open_reading
from starwatch.ratings.batch import Batch
from starwatch.ratings.rejects import Reason, Reject

_ALL = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class NumberedReject:
    """A reject that is kept.

    Attributes:
        number: Counts all that the state ever kept; later ones have larger numbers.
        partition: What it came from.
        reject: What it is.
    """

    number: int
    partition: int
    reject: Reject


@dataclass(frozen=True, slots=True)
class NumberedLate:
    """Late ratings; columns of one length n.

    Attributes:
        numbers: Which ratings of the state they are, falling.
        ratings: They.
    """

    numbers: list[int]
    ratings: Batch


def newest_rejects(
    path: Path, limit: int, *, before: int | None = None, reason: str | None = None
) -> list[NumberedReject]:
    """Rejects from the newest back.

    Args:
        path: The database of a state.
        limit: How many at most.
        before: Only those with smaller numbers.
        reason: Only those of one reason.

    Raises:
        StateError: the database cannot be read.
    """
    query = (
        "SELECT id, partition, position, reason, raw FROM rejects"
        " WHERE id < ? AND (? IS NULL OR reason = ?) ORDER BY id DESC LIMIT ?"
    )
    values = (_ALL if before is None else before, reason, reason, limit)
    with closing(open_reading(path)) as database:
        return [
            NumberedReject(number, partition, Reject(position, Reason(why), raw))
            for number, partition, position, why, raw in _read(database, path, query, values)
        ]


def newest_late(
    path: Path, ratings: Path, limit: int, *, before: int | None = None
) -> NumberedLate:
    """Late ratings from the newest back.

    What is read is bounded by where they are: the journal from its end, then sealed files from the
    newest, of each only what may hold some.

    Args:
        path: The database of a state.
        ratings: Its folder of sealed ratings.
        limit: How many at most.
        before: Only those with smaller numbers.

    Raises:
        StateError: the state cannot be read.
    """
    most = _ALL if before is None else before
    numbers: list[int] = []
    parts: list[pa.Table] = []
    with closing(open_reading(path)) as database:
        database.execute("BEGIN")  # the journal and what is sealed, at one moment
        for found, late in _late(database, path, ratings, most):
            numbers += found
            parts.append(late)
            if len(numbers) >= limit:
                break
    table = pa.concat_tables(parts) if parts else SCHEMA.empty_table()
    batch = table.slice(0, limit).combine_chunks().to_batches()
    empty = pa.RecordBatch.from_pylist([], schema=SCHEMA)
    return NumberedLate(numbers[:limit], as_batch(batch[0] if batch else empty))


def _late(
    database: sqlite3.Connection, path: Path, ratings: Path, before: int
) -> Iterator[tuple[list[int], pa.Table]]:
    """Some at a time, from the newest back, with their numbers."""
    query = "SELECT first, body FROM journal WHERE first < ? ORDER BY id DESC"
    for first, body in _read(database, path, query, (before,)):
        rows = np.flatnonzero(Entry.decode(body, ["class"]).ratings[0].to_numpy() == Class.LATE)
        rows = rows[first + rows < before][::-1]
        if len(rows):
            late = Entry.decode(body).ratings.take(pa.array(rows))
            yield (first + rows).tolist(), pa.Table.from_batches([late])
    query = "SELECT first, file FROM sealed WHERE first < ? ORDER BY first DESC, file"
    named = _read(database, path, query, (before,))
    for _, files in groupby(named, key=itemgetter(0)):
        yield _sealed([ratings / file for _, file in files], before)


def _sealed(files: list[Path], before: int) -> tuple[list[int], pa.Table]:
    """The late ones of one range of the journal."""
    wanted = (ds.field("class") == int(Class.LATE)) & (ds.field("seq") < before)
    try:
        late = ds.dataset([str(file) for file in files]).to_table(filter=wanted)
    except (OSError, pa.ArrowInvalid) as error:
        raise BadState(
            f"sealed ratings cannot be read ({error})", hint="Restore a backup of the state"
        ) from None
    late = late.sort_by([("seq", "descending")])
    return late["seq"].to_pylist(), late.select(SCHEMA.names).cast(SCHEMA)


def _read(
    database: sqlite3.Connection, path: Path, query: str, values: tuple[Any, ...]
) -> Iterator[Any]:
    try:
        yield from database.execute(query, values)
    except sqlite3.DatabaseError as error:
        raise database_error(path, error) from None
