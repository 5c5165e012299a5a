"""The journal of one state directory: commits, and what they left behind (architecture §7)."""

import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

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
from starwatch.journal.commit import Commit, Position
from starwatch.journal.entries import SCHEMA, Entry, Mark
from starwatch.journal.erasing import Erasing, erase
from starwatch.journal.facts import read_fact, write_facts
from starwatch.journal.notes import forget_notes, read_notes, write_notes
from starwatch.journal.outgoing import (
    let_go,
    read_cursor,
    read_first,
    read_rows,
    read_sizes,
    write_cursors,
    write_rows,
)
from starwatch.journal.pane_files import (
    PANES_GONE,
    PANES_UPTO,
    PaneFile,
    name_merged,
    name_pane_files,
)
from starwatch.journal.portions import BrokenEntry, Portion, portions
from starwatch.journal.pruning import FIRSTS, forget, lots
from starwatch.journal.rejects import KEPT_REJECTS, REJECTS_GONE, read_rejects, write_rejects
from starwatch.journal.retention import Lot, Pruning
from starwatch.journal.schema import database_error, open_database, open_reading
from starwatch.journal.sealed import read_sealed, read_sealed_marks, write_sealing
from starwatch.journal.written import Written, written_files
from starwatch.ports import Cursor
from starwatch.ratings.rejects import Reject

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
            if commit.rejects:
                gone, kept = self.rejects_gone(), self._kept_rejects
                write_rejects(self._database, commit.rejects, kept=kept, gone=gone)
            for partition, at in commit.positions.items():
                row = (partition, at.name, *at.classes, at.rejects)
                run("INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            if commit.rows is not None:
                write_rows(self._database, rows, commit.rows)
            write_cursors(self._database, commit.cursors)
            write_facts(self._database, commit.facts)
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
                write_facts(self._database, {PANES_UPTO: commit.panes.entry})
            if commit.merging is not None:
                name_merged(self._database, commit.merging)
            if commit.sealing is not None:
                write_sealing(self._database, commit.sealing)
            if commit.pruning is not None:
                forget(self._database, commit.pruning)
            let_go(self._database, commit.rows_done)
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
        for number, body in self._bodies(after, upto):
            try:
                entry = Entry.decode(body, columns)
            except (ValueError, KeyError, OSError) as error:
                raise self._broken(number, error) from None
            yield number, entry

    def portions(
        self, after: int = 0, upto: int = 1 << 62, *, columns: Sequence[str], most: int
    ) -> Generator[Portion, None, None]:
        """The ratings of the same entries, many at once.

        Args:
            after: Entries up to this one are left out.
            upto: Entries behind this one are left out.
            columns: Which columns of their ratings are wanted, in the order of `SCHEMA`.
            most: Ratings of a portion at most, but for an entry that alone has more.
        """
        try:
            yield from portions(self._bodies(after, upto), columns, most)
        except BrokenEntry as error:
            raise self._broken(error.number, error) from None

    def sealed(self) -> list[str]:
        """Names of the files of sealed ratings, in the order of their ratings."""
        return read_sealed(self._read)

    def sealed_marks(self) -> list[Mark]:
        """What happened besides ratings in what is sealed; `after` counts over all ratings."""
        return read_sealed_marks(self._read)

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

    def panes_mark(self) -> tuple[int | None, ...]:
        """Numbers that are others when the files of panes are: asked often, and cheap."""
        query = "SELECT count(*), sum(crc), sum(bytes), sum(rows), max(made_ms) FROM history"
        return tuple(next(self._read(query)))

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
        return read_rejects(self._read, reason)

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
        return read_rows(self._read, first)

    def outbox_sizes(self) -> Iterator[tuple[int, int]]:
        """For each blob of the outbox the number behind its last window row, and its bytes."""
        return read_sizes(self._read)

    def first_row(self) -> int:
        """The number of the first window row that is still there; of the next one where none is."""
        first = read_first(self._read)
        return self.row_count() if first is None else first

    def cursor(self, sink: str) -> Cursor:
        """How far a sink is for certain; at the start where nothing is known of it."""
        return self.known_cursor(sink) or Cursor()

    def known_cursor(self, sink: str) -> Cursor | None:
        """How far a sink is for certain, None where nothing is known of it."""
        return read_cursor(self._read, sink)

    def sinks(self) -> list[str]:
        """All sinks that a commit ever knew."""
        return [name for (name,) in self._read("SELECT name FROM sinks ORDER BY name")]

    def fact(self, name: str) -> Any:
        """A named value, None where it was never set."""
        return read_fact(self._read, name)

    def facts(self) -> dict[str, str]:
        """All named values, as JSON: for who compares them with what they were."""
        return dict(self._read("SELECT name, value FROM facts"))

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
            write_facts(self._database, facts)

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

    def _bodies(self, after: int, upto: int) -> Generator[tuple[int, bytes], None, None]:
        """Entries as they are stored."""
        query = "SELECT id, body FROM journal WHERE id > ? AND id <= ? ORDER BY id"
        return self._read(query, (after, upto))

    def _broken(self, number: int, error: Exception) -> BadState:
        return BadState(
            f"entry {number} of the journal in {self._path.parent} is broken ({error})",
            hint="Restore a backup of the state",
        )

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
