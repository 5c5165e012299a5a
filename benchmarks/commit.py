"""A commit of 1 MB against a bare SQLite insert of the same blob, on the same disk.

Ours is one transaction with that blob, positions and books; a second time with making the blob of
ratings first, that is compressing their columns. The bare insert goes to a database of its own with
the same pragmas. They take turns, a commit each. Times are real, for a commit waits for the disk;
on a machine with other work run this with `chrt -f 1`, or it measures the wait for a core.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks.live_stream import live_stream
from benchmarks.measuring import Given, Result, main
from starwatch.engine import Engine
from starwatch.journal.entries import Entry
from starwatch.journal.store import Commit, Journal, Position
from starwatch.windows.job import Job

TURNS = 400
MEGABYTE = 1_000_000


def measure(given: Given) -> list[Result]:
    stream = live_stream(given.data, 1 << 16)
    engine = Engine(Job())
    engine.join(0)
    outcome = engine.ingest(stream)
    size = len(Entry.of([(stream, outcome.classes, None)], []).encode())
    rows = len(stream) * MEGABYTE // size
    parts = [(stream.slice(0, rows), outcome.classes[:rows], None)]
    entry = Entry.of(parts, [])
    body = entry.encode()

    class Encoded(Entry):
        """An entry whose bytes are known."""

        def encode(self) -> bytes:
            return body

    positions = {0: Position("live", (rows, 0, 0, 0))}
    with (
        tempfile.TemporaryDirectory(dir=given.data) as folder,
        closing(Journal(Path(folder, "ours.db"))) as journal,
        closing(bare(Path(folder, "bare.db"))) as database,
    ):

        def commit(entry: Entry) -> None:
            facts = {"marks": 0, "books": engine.books()}
            journal.commit(Commit(entry, positions=positions, facts=facts))

        def insert() -> None:
            database.execute("BEGIN IMMEDIATE")
            database.execute("INSERT INTO journal (body) VALUES (?)", (body,))
            database.execute("COMMIT")

        sides = (
            lambda: commit(Encoded(entry.ratings)),
            lambda: commit(Entry.of(parts, [])),
            insert,
        )
        taken = np.array([[timed(side) for side in sides] for _ in range(TURNS)])[TURNS // 10 :]
    shown = f"{rows:,} ratings, {len(body) / 1e6:.2f} MB"
    results = []
    for name, share in (("p50", 50), ("p99", 99)):
        ours, whole, theirs = np.percentile(taken, share, axis=0)
        results += [
            Result(
                f"9 commit of 1 MB against a bare SQLite insert of the same blob, {name}",
                ours / theirs,
                must=1.5,
                aim=1.1,
                more=False,
                detail=f"{ours * 1e3:.1f} ms against {theirs * 1e3:.1f} ms; {shown}",
            ),
            Result(
                f"9 the same with making the blob of ratings, {name}",
                whole / theirs,
                more=False,
                detail=f"{whole * 1e3:.1f} ms",
            ),
        ]
    return results


def bare(path: Path) -> sqlite3.Connection:
    """A database with one table for blobs, and the pragmas of a state's."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE journal (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT")
    return database


def timed(work: Callable[[], None]) -> float:
    """Real seconds of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main(measure)
