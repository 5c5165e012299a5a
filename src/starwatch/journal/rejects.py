"""Rejects of a state: the newest can be listed, of older ones the number is known."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from starwatch.journal.facts import write_facts
from starwatch.journal.reading import Read
from starwatch.ratings.rejects import Reason, Reject

KEPT_REJECTS = 100_000
"""The newest rejects that can be listed: at 4 KiB each they take 400 MB at most, mostly 10 MB."""

REJECTS_GONE = "rejects_gone"
"""The fact that tells how many rejects cannot be listed any more, by reason."""


def write_rejects(
    database: sqlite3.Connection,
    rejects: Sequence[tuple[int, Reject]],
    *,
    kept: int,
    gone: Mapping[str, int],
) -> None:
    """Keep rejects, inside a transaction, and let the oldest go.

    Args:
        database: Where to.
        rejects: Pairs of partition and reject.
        kept: How many can be listed.
        gone: How many cannot be listed any more so far, by reason.
    """
    database.executemany(
        "INSERT INTO rejects (partition, position, reason, raw) VALUES (?, ?, ?, ?)",
        ((partition, r.position, str(r.reason), r.raw) for partition, r in rejects),
    )
    if rejects and (more := _forget(database, kept)):
        write_facts(database, {REJECTS_GONE: dict(Counter(gone) + Counter(more))})


def read_rejects(read: Read, reason: str | None) -> Iterator[tuple[int, Reject]]:
    """Pairs of partition and reject, as they came; all, or those of one reason."""
    query = "SELECT partition, position, reason, raw FROM rejects"
    query += " WHERE reason = ?" if reason else ""
    for partition, position, why, raw in read(f"{query} ORDER BY id", (reason,) if reason else ()):
        yield partition, Reject(position, Reason(why), raw)


def _forget(database: sqlite3.Connection, kept: int) -> dict[str, int]:
    """Let go all rejects but the newest; returns how many went, by reason.

    Their ids have no gaps, for only the oldest ever go.
    """
    # By id: SQLite would rather go through all that are kept in the order of their reasons.
    counts = "SELECT reason, count(*) FROM rejects NOT INDEXED WHERE id <= ? GROUP BY reason"
    (newest,) = database.execute("SELECT coalesce(max(id), 0) FROM rejects").fetchone()
    gone = dict(database.execute(counts, (newest - kept,)).fetchall())
    if gone:
        database.execute("DELETE FROM rejects WHERE id <= ?", (newest - kept,))
    return gone
