"""The journal of one state directory: commits, and what they left behind (architecture §7)."""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import msgspec

from starwatch.admission.ledger import Class
from starwatch.errors import BadState
from starwatch.failpoints import reached
from starwatch.journal.backfills import (
    Backfill,
    BackfillRun,
    forget_unfinished,
    read_backfill_rejects,
    read_backfills,
    write_backfill,
    write_backfill_rejects,
)
from starwatch.journal.entries import SCHEMA, Entry, Mark
from starwatch.journal.erasing import Erasing, erase
from starwatch.journal.notes import Note, forget_notes, read_notes, write_notes
from starwatch.journal.pane_files import (
    PANES_GONE,
    PANES_UPTO,
    PaneFile,
    PaneRange,
    name_pane_files,
)
from starwatch.journal.pruning import (
    FIRSTS,
    KEPT_REJECTS,
    REJECTS_GONE,
    forget,
    forget_rejects,
    lots,
)
from starwatch.journal.retention import Lot, Pruning
from starwatch.journal.schema import database_error, open_database, open_reading
from starwatch.journal.sealing import Sealing
from starwatch.journal.written import Written, written_files
from starwatch.ports import Cursor
from starwatch.ratings.rejects import Reason, Reject


@dataclass(frozen=True, slots=True)
class Position:
    """How far a partition is in the journal.

    Attributes:
        name: What it is called: a file, a topic and partition.
        classes: How many of its ratings are committed, by `Class`.
        rejects: How many of its rejects; they are no ratings in any batch.
    """

    name: str
    classes: tuple[int, ...] = (0,) * len(Class)
    rejects: int = 0

    @property
    def ratings(self) -> int:
        """How many of its ratings are committed, whatever became of them."""
        return sum(self.classes)

    def moved(self, classes: Sequence[int], rejects: int) -> Self:
        """The position behind so many more ratings of each class, and rejects."""
        sums = tuple(a + b for a, b in zip(self.classes, classes, strict=True))
        return replace(self, classes=sums, rejects=self.rejects + rejects)


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything that becomes lasting at once.

    Attributes:
        entry: The engine's inputs.
        rejects: Pairs of partition and reject.
        positions: By partition, after this commit; those that changed.
        rows: Window rows that the inputs caused, as bytes, with their number; None without rows.
        cursors: By sink, what it holds for certain; those that changed.
        facts: Named values that change with this commit.
        notes: What sources remember of their deliveries.
        forget: By source, before when its notes are forgotten.
        snapshot: Name of a snapshot file and the entry up to which it goes, at or before this one.
        sealing: Entries that lie in files now, and are forgotten here.
        panes: Entries that are in the history now.
        pruning: Files that do not count any more.
        rows_done: Window rows before this number are with every sink for certain, by cursors that
            an earlier commit holds; the outbox lets them go.
    """

    entry: Entry
    rejects: Sequence[tuple[int, Reject]] = ()
    positions: dict[int, Position] = field(default_factory=dict)
    rows: tuple[int, bytes] | None = None
    cursors: dict[str, Cursor] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    notes: Sequence[Note] = ()
    forget: Mapping[str, int] = field(default_factory=dict)
    snapshot: tuple[str, int] | None = None
    sealing: Sealing | None = None
    panes: PaneRange | None = None
    pruning: Pruning | None = None
    rows_done: int = 0


KEPT_SNAPSHOTS = 2
"""The newest may be broken by the disk; the one before it and the journal give the same engine."""


class Journal:
    """The database of a state directory, written by one process and read by any.

    A backfill writes to tables of its own beside that process (`starwatch.journal.backfills`).

    Args:
        path: The database file; made if it is not there, unless it is only read.
        reading: Only read; other processes may write meanwhile.
        kept_rejects: How many of them can be listed; older ones go.

    Raises:
        MissingInput: it is to be read, and not there.
        BadState: it is corrupt, or no database of ours.
        NewerState: a newer Starwatch made it.
    """

    def __init__(
        self, path: Path, *, reading: bool = False, kept_rejects: int = KEPT_REJECTS
    ) -> None:
        self._path = path
        self._kept_rejects = kept_rejects
        self._database = open_reading(path) if reading else open_database(path)

    def commit(self, commit: Commit) -> int:
        """Write one commit; it is on the disk when this returns. Returns its number, from 1.

        Raises:
            OutputFailed: the disk is full or fails; nothing of the commit is there then.
        """
        reached("commit.before")
        with self._transaction() as run:
            first, rows = self._ends()
            (number,) = run(
                "INSERT INTO journal (first, ratings, body) VALUES (?, ?, ?) RETURNING id",
                (first, len(commit.entry.ratings), commit.entry.encode()),
            ).fetchone()
            self._write_rejects(commit.rejects)
            for partition, at in commit.positions.items():
                row = (partition, at.name, *at.classes, at.rejects)
                run("INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            if commit.rows is not None:
                count, body = commit.rows
                outbox = (rows, count, body)
                run("INSERT INTO outbox (first, rows, body) VALUES (?, ?, ?)", outbox)
            for name, cursor in commit.cursors.items():
                row = (name, cursor.rows, cursor.length)
                run("INSERT OR REPLACE INTO sinks VALUES (?, ?, ?)", row)
            self._write_facts(commit.facts)
            write_notes(self._database, commit.notes)
            for source, before_ms in commit.forget.items():
                forget_notes(self._database, source, before_ms)
            if commit.snapshot is not None:
                file, journal = commit.snapshot
                run("INSERT INTO snapshots (journal, file) VALUES (?, ?)", (journal, file))
                run(
                    "DELETE FROM snapshots WHERE id NOT IN"
                    " (SELECT id FROM snapshots ORDER BY id DESC LIMIT ?)",
                    (KEPT_SNAPSHOTS,),
                )
            if commit.panes is not None:
                name_pane_files(self._database, commit.panes.files)
                self._write_facts({PANES_UPTO: commit.panes.entry})
            if commit.sealing is not None:
                self._write_sealing(commit.sealing)
            if commit.pruning is not None:
                forget(self._database, commit.pruning)
            # The newest rows stay whatever happens, for the next ones are numbered after them.
            run(
                "DELETE FROM outbox WHERE first + rows <= ? AND id < (SELECT max(id) FROM outbox)",
                (commit.rows_done,),
            )
            reached("commit.inside")
        reached("commit.after")
        return int(number)

    def entries(
        self, after: int = 0, upto: int = 1 << 62, columns: Sequence[str] = SCHEMA.names
    ) -> Generator[tuple[int, Entry], None, None]:
        """The entries behind a commit's number and up to another's, in order, each with its own.

        Args:
            after: Entries up to this one are left out.
            upto: Entries behind this one are left out.
            columns: Which columns of their ratings are wanted.
        """
        query = "SELECT id, body FROM journal WHERE id > ? AND id <= ? ORDER BY id"
        for number, body in self._read(query, (after, upto)):
            try:
                entry = Entry.decode(body, columns)
            except (ValueError, KeyError, OSError) as error:
                raise BadState(
                    f"entry {number} of the journal in {self._path.parent} is broken ({error})",
                    hint="Restore a backup of the state",
                ) from None
            yield number, entry

    def sealed(self) -> list[str]:
        """Names of the files of sealed ratings, in the order of their ratings."""
        query = "SELECT file FROM sealed ORDER BY first, file"
        return [file for (file,) in self._read(query)]

    def sealed_marks(self) -> list[Mark]:
        """What happened besides ratings in what is sealed; `after` counts over all ratings."""
        query = "SELECT body FROM marks ORDER BY id"
        rows = self._read(query)
        return [msgspec.json.decode(body, type=Mark) for (body,) in rows]

    def first_kept(self) -> int:
        """The number of the first rating that is kept: 0 as long as none was pruned."""
        return next(self._read(f"SELECT min(first) FROM ({FIRSTS})"))[0] or 0  # noqa: S608

    def rejects_gone(self) -> dict[str, int]:
        """How many rejects cannot be listed any more, by reason."""
        gone: dict[str, int] = self.fact(REJECTS_GONE) or {}
        return gone

    def lots(self) -> list[Lot]:
        """Everything that retention may let go."""
        try:
            return list(lots(self._database))
        except sqlite3.DatabaseError as error:
            raise database_error(self._path, error) from None

    def pane_files(self, tier_ms: int | None = None) -> list[PaneFile]:
        """The files of panes, of one tier or of all, in the order in which they were made."""
        query = "SELECT file, tier_ms, first_ms, last_ms, rows, bytes, crc FROM history"
        query += "" if tier_ms is None else " WHERE tier_ms = ?"
        values = () if tier_ms is None else (tier_ms,)
        return [PaneFile(*row) for row in self._read(f"{query} ORDER BY made_ms, file", values)]

    def written(self) -> dict[str, dict[str, Written]]:
        """What files of ratings and panes were when they were written, by table and name."""
        try:
            return written_files(self._database)
        except sqlite3.DatabaseError as error:
            raise database_error(self._path, error) from None

    def panes_since(self, tier_ms: int) -> int | None:
        """The moment before which panes of a tier were let go; None where none ever were."""
        found: dict[str, int] = self.fact(PANES_GONE) or {}
        return found.get(str(tier_ms))

    def panes_upto(self) -> int:
        """The last entry whose panes lie in files; 0 where none do."""
        return int(self.fact(PANES_UPTO) or 0)

    def ratings(self, after: int, upto: int) -> int:
        """How many ratings the entries behind a commit and up to another hold."""
        query = "SELECT coalesce(sum(ratings), 0) FROM journal WHERE id > ? AND id <= ?"
        return int(next(self._read(query, (after, upto)))[0])

    def to_seal(self, upto: int) -> tuple[int, int, int]:
        """Of the entries up to a commit: number of their first rating, ratings, entries."""
        query = "SELECT min(first), sum(ratings), count(*) FROM journal WHERE id <= ?"
        first, ratings, entries = next(self._read(query, (upto,)))
        return first or 0, ratings or 0, entries

    def positions(self) -> dict[int, Position]:
        """How far each partition is."""
        rows = self._read("SELECT * FROM positions ORDER BY partition")
        return {
            partition: Position(name, tuple(classes), rejects)
            for partition, name, *classes, rejects in rows
        }

    def rejects(self, reason: str | None = None) -> Iterator[tuple[int, Reject]]:
        """Pairs of partition and reject, as they came; all, or those of one reason."""
        query = "SELECT partition, position, reason, raw FROM rejects"
        query += " WHERE reason = ?" if reason else ""
        rows = self._read(f"{query} ORDER BY id", (reason,) if reason else ())
        for partition, position, why, raw in rows:
            yield partition, Reject(position, Reason(why), raw)

    def backfills(self) -> list[Backfill]:
        """The files that were backfilled, in the order in which they were taken."""
        return read_backfills(self._read)

    def backfilled(self) -> list[str]:
        """Names of the files of sealed ratings that backfills made."""
        return [file for (file,) in self._read("SELECT file FROM backfilled ORDER BY file")]

    def backfill_rejects(self, reason: str | None = None) -> Iterator[tuple[str, Reject]]:
        """Pairs of the path of a backfilled file and reject; all, or those of one reason."""
        return read_backfill_rejects(self._read, reason)

    def backfill_ratings(self) -> int:
        """How many ratings the files of sealed ratings hold that backfills made."""
        query = "SELECT coalesce(sum(ratings), 0) FROM backfilled"
        return int(next(self._read(query))[0])

    def backfill_refused(self) -> dict[int, int]:
        """How many rejects are kept of each backfilled file that has some."""
        query = "SELECT backfill, count(*) FROM backfill_rejects GROUP BY backfill"
        return dict(self._read(query))

    def refuse(self, rejects: Sequence[tuple[int, Reject]]) -> None:
        """Keep rejects of a backfill that goes on; they count with `name_backfill`."""
        with self._transaction():
            write_backfill_rejects(self._database, rejects)

    def forget_unfinished(self) -> None:
        """Remove rejects of backfills that came to no end."""
        with self._transaction():
            forget_unfinished(self._database)

    def name_backfill(self, backfill: BackfillRun) -> None:
        """Make a backfill count, in one commit; its files are whole and on the disk.

        Raises:
            OutputFailed: the disk is full or fails; nothing of it counts then.
        """
        reached("backfill.before")
        with self._transaction():
            write_backfill(self._database, backfill)
            name_pane_files(self._database, backfill.panes)
            reached("backfill.inside")
        reached("backfill.after")

    def rows(self, first: int = 0) -> Generator[tuple[int, bytes], None, None]:
        """The outbox from the blob that holds window row `first` on, each with its first row.

        Until it is read to its end or closed, the database is read as it is at this moment. Rows
        that no sink wanted as they were committed are not there.
        """
        query = (
            "SELECT first, body FROM outbox WHERE first + rows > ? AND length(body) > 0 ORDER BY id"
        )
        return self._read(query, (first,))

    def outbox_sizes(self) -> Iterator[tuple[int, int]]:
        """For each blob of the outbox the number behind its last window row, and its bytes."""
        return self._read("SELECT first + rows, length(body) FROM outbox ORDER BY id")

    def first_row(self) -> int:
        """The number of the first window row that is still there; of the next one where none is."""
        query = "SELECT min(first) FROM outbox WHERE length(body) > 0"
        (first,) = next(self._read(query))
        return self.row_count() if first is None else int(first)

    def cursor(self, sink: str) -> Cursor:
        """How far a sink is for certain; at the start where nothing is known of it."""
        return self.known_cursor(sink) or Cursor()

    def known_cursor(self, sink: str) -> Cursor | None:
        """How far a sink is for certain, None where nothing is known of it."""
        query = "SELECT rows, bytes FROM sinks WHERE name = ?"
        found = next(self._read(query, (sink,)), None)
        return Cursor(*found) if found else None

    def fact(self, name: str) -> Any:
        """A named value, None where it was never set."""
        query = "SELECT value FROM facts WHERE name = ?"
        found = next(self._read(query, (name,)), None)
        return msgspec.json.decode(found[0]) if found else None

    def notes(self, source: str) -> dict[str, tuple[bytes, int]]:
        """What a source remembers of its deliveries: by key, what and when."""
        return read_notes(self._database, source)

    def snapshots(self) -> list[tuple[str, int]]:
        """File and last entry of every snapshot that a commit named, the newest first."""
        query = "SELECT file, journal FROM snapshots ORDER BY id DESC"
        return [(file, journal) for file, journal in self._read(query)]

    def note(self, facts: Mapping[str, Any]) -> None:
        """Set named values in a commit of their own."""
        with self._transaction():
            self._write_facts(facts)

    def forget(self, pruning: Pruning) -> None:
        """Let files go in a commit of their own; they are to be removed afterwards.

        Raises:
            OutputFailed: the disk is full or fails; they all still count then.
        """
        with self._transaction():
            forget(self._database, pruning)

    def erase(self, erasing: Erasing) -> tuple[int, int]:
        """Erase reviewers in a commit of its own; how many of its ratings, how many rejects.

        What was there is overwritten as soon as `compact` has been called after it.
        """
        self._database.execute("PRAGMA secure_delete = ON")
        with self._transaction():
            return erase(self._database, erasing)

    def compact(self) -> bool:
        """Give room that nothing in the database needs back to the disk.

        Returns:
            Whether nothing of the past is left in its log, for nobody reads it.

        Raises:
            OutputFailed: the disk has no room for the second copy that this takes for a while.
        """
        try:
            self._database.execute("VACUUM")
            (busy, *_) = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.DatabaseError as error:
            raise database_error(self._path, error) from None
        return not busy

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """What is read inside is of one commit, though other processes write meanwhile."""
        self._database.execute("BEGIN")
        try:
            yield
        finally:
            # A broken page that was met makes this fail too; what was met is said, not this.
            with suppress(sqlite3.DatabaseError):
                self._database.execute("COMMIT")

    def close(self) -> None:
        """Let the database go; safe to call twice."""
        self._database.close()

    def _write_rejects(self, rejects: Sequence[tuple[int, Reject]]) -> None:
        self._database.executemany(
            "INSERT INTO rejects (partition, position, reason, raw) VALUES (?, ?, ?, ?)",
            ((partition, r.position, str(r.reason), r.raw) for partition, r in rejects),
        )
        if rejects and (gone := forget_rejects(self._database, self._kept_rejects)):
            self._write_facts({REJECTS_GONE: dict(Counter(self.rejects_gone()) + Counter(gone))})

    def _write_sealing(self, sealing: Sealing) -> None:
        now = time.time_ns() // 1_000_000
        self._database.executemany(
            "INSERT INTO sealed VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (f.name, sealing.first, sealing.ratings, sealing.entry, f.size, f.crc, now)
                for f in sealing.files
            ),
        )
        self._database.executemany(
            "INSERT INTO marks (after, body) VALUES (?, ?)",
            ((mark.after, msgspec.json.encode(mark).decode()) for mark in sealing.marks),
        )
        self._database.execute("DELETE FROM journal WHERE id <= ?", (sealing.entry,))

    def _write_facts(self, facts: Mapping[str, Any]) -> None:
        rows = ((name, msgspec.json.encode(value).decode()) for name, value in facts.items())
        self._database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)

    def row_count(self) -> int:
        """How many window rows were ever committed."""
        return self._ends()[1]

    def _ends(self) -> tuple[int, int]:
        """How many ratings and window rows have been committed."""
        journal = "SELECT first + ratings FROM journal ORDER BY id DESC LIMIT 1"
        outbox = "SELECT first + rows FROM outbox ORDER BY id DESC LIMIT 1"
        ratings = self._database.execute(journal).fetchone() or (0,)
        rows = self._database.execute(outbox).fetchone() or (0,)
        return int(ratings[0]), int(rows[0])

    def _read(self, query: str, values: Sequence[Any] = ()) -> Generator[Any, None, None]:
        """The rows of a query; errors of the database become ours."""
        try:
            yield from self._database.execute(query, values)
        except sqlite3.DatabaseError as error:
            raise database_error(self._path, error) from None

    @contextmanager
    def _transaction(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        """All or nothing; errors of the disk become ours."""
        execute = self._database.execute
        try:
            execute("BEGIN IMMEDIATE")
            try:
                yield execute
                execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:  # after a full disk SQLite has ended it already
                    execute("ROLLBACK")
                raise
        except sqlite3.DatabaseError as error:
            raise database_error(self._path, error) from None
