"""Reviewer ids taken out of what a database holds; one token stands in the place of each."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, quote_plus

import pyarrow as pa
import pyarrow.compute as pc

from starwatch.errors import BadState
from starwatch.failpoints import reached
from starwatch.journal.entries import SCHEMA, Entry
from starwatch.journal.rating_files import SealedFile

_REVIEWER = SCHEMA.get_field_index("reviewer")
_REJECTS = ("rejects", "backfill_rejects")


@dataclass(frozen=True, slots=True)
class Erasing:
    """What one transaction is to change.

    Attributes:
        tokens: By reviewer id, as the state keeps it, what stands there from now on.
        spellings: What a raw text holds if it holds one of the ids.
        files: Pairs of the name of a file of sealed ratings and the one that takes its place.
        snapshots: The same for snapshots, by names.
    """

    tokens: Mapping[str, str]
    spellings: Sequence[bytes]
    files: Sequence[tuple[str, SealedFile]]
    snapshots: Sequence[tuple[str, str]]


def with_tokens(
    reviewers: pa.Array | pa.ChunkedArray, tokens: Mapping[str, str]
) -> pa.Array | pa.ChunkedArray:
    """Reviewers, those that are to be erased as their tokens."""
    at = pc.index_in(reviewers, value_set=pa.array(list(tokens), pa.string()))
    return pc.coalesce(pc.take(pa.array(list(tokens.values()), pa.string()), at), reviewers)


def of_reviewers(
    reviewers: pa.Array | pa.ChunkedArray, tokens: Mapping[str, str]
) -> pa.Array | pa.ChunkedArray:
    """Which ratings are by those who are to be erased: Arrow `bool`."""
    return pc.is_in(reviewers, value_set=pa.array(list(tokens), pa.string()))


def spellings(reviewers: Iterable[str]) -> list[bytes]:
    """How ids may stand in a text: plainly, or as JSON, CSV and forms escape them."""
    texts: set[str] = set()
    for reviewer in reviewers:
        escaped = json.dumps(reviewer)[1:-1]
        texts |= {reviewer, escaped, json.dumps(reviewer, ensure_ascii=False)[1:-1]}
        texts |= {reviewer.replace('"', '""'), quote(reviewer), quote_plus(reviewer)}
    return [text.encode() for text in sorted(texts)]


def erase(database: sqlite3.Connection, erasing: Erasing) -> tuple[int, int]:
    """Change everything, inside a transaction.

    Returns:
        How many ratings of the journal, and how many rejects.

    Raises:
        BadState: an entry of the journal is broken.
    """
    ratings = _erase_entries(database, erasing.tokens)
    rejects = sum(_empty_rejects(database, table, erasing.spellings) for table in _REJECTS)
    for table in ("sealed", "backfilled"):
        database.executemany(
            f"UPDATE {table} SET file = ?, bytes = ?, crc = ? WHERE file = ?",  # noqa: S608 - our own name
            ((new.name, new.size, new.crc, old) for old, new in erasing.files),
        )
    database.executemany(
        "UPDATE snapshots SET file = ? WHERE file = ?",
        ((new, old) for old, new in erasing.snapshots),
    )
    reached("erase.inside")
    return ratings, rejects


def _erase_entries(database: sqlite3.Connection, tokens: Mapping[str, str]) -> int:
    """Write entries anew that hold ratings of the reviewers; how many ratings those are."""
    erased = 0
    numbers = [number for (number,) in database.execute("SELECT id FROM journal").fetchall()]
    for number in numbers:
        query = "SELECT body FROM journal WHERE id = ?"
        entry = _entry(number, database.execute(query, (number,)).fetchone()[0])
        reviewers = entry.ratings.column("reviewer")
        found = pc.sum(of_reviewers(reviewers, tokens)).as_py()
        if found:
            erased += found
            columns = entry.ratings.columns
            columns[_REVIEWER] = with_tokens(reviewers, tokens)
            ratings = pa.record_batch(columns, schema=SCHEMA)
            body = replace(entry, ratings=ratings).encode()
            database.execute("UPDATE journal SET body = ? WHERE id = ?", (body, number))
    return erased


def _entry(number: int, body: bytes) -> Entry:
    try:
        return Entry.decode(body)
    except (ValueError, KeyError, OSError) as error:
        raise BadState(
            f"entry {number} of the journal is broken ({error})",
            hint="Restore a backup of the state",
        ) from None


def _empty_rejects(database: sqlite3.Connection, table: str, texts: Sequence[bytes]) -> int:
    """Leave nothing of what rejects looked like that hold one of the texts; how many they are."""
    rows = database.execute(f"SELECT id, raw FROM {table}")  # noqa: S608 - a name of our own
    found = [(number,) for number, raw in rows if any(text in raw for text in texts)]
    database.executemany(
        f"UPDATE {table} SET raw = x'' WHERE id = ?",  # noqa: S608 - a name of our own
        found,
    )
    return len(found)
