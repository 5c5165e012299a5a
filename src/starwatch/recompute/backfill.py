"""The batch branch of a backfill: all ratings of old files at once, by SQL.

They are sorted by event time, and those that came before are told from the others: in these files,
in the live job, in earlier backfills, however long ago. What does not fit into memory goes to disk.
"""
# ruff: noqa: S608 - what is put into the texts are names of columns and numbers

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from starwatch.errors import BadState
from starwatch.journal.entries import SCHEMA
from starwatch.ratings.batch import Decoded
from starwatch.recompute.rules import COUNTED, DUPLICATE, REJECTED
from starwatch.recompute.sql import NO_TIME
from starwatch.recompute.sql_duplicates import IDENTITY, KNOWN_BY, known

_AT_ONCE = 1 << 16
"""Journalled ratings given to the database at once; a commit of a slow stream holds only a few."""


class BackfillRatings:
    """All ratings of a backfill.

    Args:
        database: A DuckDB connection (`starwatch.recompute.ratings.open_database`).
        duplicates: What makes two ratings the same: `off`, `ids` or `content`.
    """

    def __init__(self, database: Any, duplicates: str) -> None:
        self._database = database
        self._duplicates = duplicates
        database.execute(_TABLES)

    def take(self, number: int, block: Decoded) -> None:
        """Take ratings of a file; all have an event time.

        Args:
            number: The file's number.
            block: Its next ratings.
        """
        ids = block.rating_id
        incoming = pa.table(
            {
                "file": np.full(len(block), number, np.int32),
                "position": block.position,
                "stars": block.stars,
                "own_ms": block.event_ms,
                "product": block.product,
                "reviewer": block.reviewer,
                "rating_id": pa.repeat("", len(block)) if ids is None else ids,
            }
        )
        self._run_with(incoming, "INSERT INTO incoming SELECT * FROM given")

    def compare_with(self, files: Sequence[str], entries: Iterable[pa.RecordBatch]) -> None:
        """Look for these ratings among all that a state holds; to be called before `sorted`.

        Args:
            files: Parquet files of sealed ratings, those of earlier backfills among them.
            entries: Ratings of the journal, with the columns of `starwatch.journal.entries.SCHEMA`.

        Raises:
            BadState: a file of sealed ratings is not there or broken.
        """
        if self._duplicates == "off":
            return
        run = self._database.execute
        run(f"CREATE OR REPLACE TABLE marks AS SELECT DISTINCT mark FROM ({self._identities()})")
        if files:
            try:
                run(self._held("read_parquet(?)"), [list(files)])
            except duckdb.Error as error:
                raise BadState(
                    f"sealed ratings cannot be read ({str(error).splitlines()[0]})",
                    hint="Restore a backup of the state",
                ) from None
        for some in _together(entries):
            self._run_with(some, self._held("given"))

    def sorted(self, at_once: int) -> Iterator[pa.Table]:
        """All ratings by event time, then in the order in which they came.

        Args:
            at_once: About how many ratings a table holds.

        Yields:
            Tables of the columns of `starwatch.journal.entries.SCHEMA`: each rating is counted or a
            duplicate, its partition is its file, and its arrival is its event time.
        """
        self._database.execute(self._repeated())
        reader = pa.RecordBatchReader.from_stream(self._database.sql(_SORTED))
        waiting: list[pa.RecordBatch] = []
        for batch in reader:
            waiting.append(batch)
            if sum(map(len, waiting)) >= at_once:
                yield pa.Table.from_batches(waiting).cast(SCHEMA)
                waiting = []
        if waiting:
            yield pa.Table.from_batches(waiting).cast(SCHEMA)

    def _identities(self) -> str:
        """The ratings of these files that can be known again, and what they are known by."""
        return f"""
        SELECT file, position, {IDENTITY}, hash({KNOWN_BY}) AS mark
        FROM incoming WHERE {known(self._duplicates)}"""

    def _held(self, source: str) -> str:
        """Add to `held` what a relation holds that may be among these ratings."""
        return f"""
        INSERT INTO held
        SELECT {KNOWN_BY} FROM (
            SELECT {IDENTITY}, hash({KNOWN_BY}) AS mark
            FROM (SELECT *, nullif(event_ms, {NO_TIME}) AS own_ms FROM {source})
            WHERE ({known(self._duplicates)}) AND class <> {REJECTED}
        )
        SEMI JOIN marks USING (mark)"""

    def _repeated(self) -> str:
        """The table `repeated`: all of a kind but the first; what is held comes before all.

        Hashes only leave out what is surely alone.
        """
        return f"""
        CREATE OR REPLACE TABLE repeated AS
        WITH identities AS ({self._identities()}),
        again AS (
            SELECT file, position, {KNOWN_BY} FROM identities
            SEMI JOIN (
                SELECT mark FROM identities GROUP BY mark HAVING count(*) > 1
                UNION ALL SELECT hash({KNOWN_BY}) FROM held
            ) USING (mark)
            UNION ALL SELECT -1, 0, {KNOWN_BY} FROM held
        ),
        ranked AS (
            SELECT file, position,
                   row_number() OVER (PARTITION BY {KNOWN_BY} ORDER BY file, position) AS nth
            FROM again
        )
        SELECT file, position FROM ranked WHERE nth > 1 AND file >= 0"""

    def _run_with(self, given: pa.Table, query: str) -> None:
        self._database.register("given", given)
        self._database.execute(query)
        self._database.unregister("given")


_TABLES = """
CREATE OR REPLACE TABLE incoming (
    file INTEGER, position BIGINT, stars UTINYINT, own_ms BIGINT,
    product VARCHAR, reviewer VARCHAR, rating_id VARCHAR
);
CREATE OR REPLACE TABLE held (
    id VARCHAR, by_whom VARCHAR, of_what VARCHAR, at_ms BIGINT, with_stars UTINYINT
);
"""

_SORTED = f"""
SELECT own_ms AS arrival_ms, file AS partition, position, stars, own_ms AS event_ms,
       (CASE WHEN repeated.file IS NULL THEN {COUNTED} ELSE {DUPLICATE} END)::UTINYINT AS class,
       NULL::BIGINT AS met_ms, product, reviewer, rating_id
FROM incoming LEFT JOIN repeated USING (file, position)
ORDER BY own_ms, incoming.file, incoming.position
"""


def _together(entries: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Entries of the journal, several at once where they are small."""
    waiting: list[pa.RecordBatch] = []
    for entry in entries:
        waiting.append(entry)
        if sum(map(len, waiting)) >= _AT_ONCE:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def count_sealed(files: Sequence[str], database: Any) -> dict[int, tuple[int, int]]:
    """How many ratings of each backfilled file sealed files hold: counted ones and duplicates.

    Raises:
        BadState: a file is not there or broken.
    """
    if not files:
        return {}
    query = f"""
    SELECT partition, count(*) FILTER (class = {COUNTED}), count(*) FILTER (class = {DUPLICATE})
    FROM read_parquet(?) GROUP BY partition"""
    try:
        rows = database.execute(query, [list(files)]).fetchall()
    except duckdb.Error as error:
        raise BadState(
            f"backfilled ratings cannot be read ({str(error).splitlines()[0]})",
            hint="Restore a backup of the state",
        ) from None
    return {number: (counted, duplicate) for number, counted, duplicate in rows}
