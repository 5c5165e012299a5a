"""A database copied while another process may write to it: SQLite's online backup."""

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

from starwatch.disk import sync_file
from starwatch.journal.schema import database_error, open_reading
from starwatch.journal.survey import named_files
from starwatch.journal.written import Written, written_files


def copy_database(source: Path, target: Path) -> tuple[int, dict[str, dict[str, Written | None]]]:
    """Copy a database as one commit left it; one read transaction, which holds up no writer.

    Args:
        source: The database of a state.
        target: The copy, one file; replaced if it is there.

    Returns:
        The number of the last commit in it, and the files that it names, by table; each with
        what it was when written, where the database knows it.

    Raises:
        MissingInput: the source is not there.
        BadState: the source is broken.
        OSError: the disk of the target is full or fails.
    """
    target.unlink(missing_ok=True)
    with closing(open_reading(source)) as database, closing(sqlite3.connect(target)) as copy:
        try:
            copy.execute("PRAGMA synchronous = OFF")  # it is brought to the disk as a whole
            database.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, also where none may be made
            (commit,) = copy.execute("SELECT coalesce(max(id), 0) FROM journal").fetchone()
            written = written_files(copy)
            files = {
                table: {name: written.get(table, {}).get(name) for name in names}
                for table, names in named_files(copy).items()
            }
        except sqlite3.DatabaseError as error:
            kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if kind in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
                raise OSError(errno.ENOSPC, str(error)) from None
            raise database_error(source, error) from None
    sync_file(target)
    return int(commit), files


def begun_of(path: Path) -> str | None:
    """When the runs of a state began: tells it from another one that took its place and names.

    Raises:
        MissingInput: it is not there.
        BadState: it is broken.
    """
    with closing(open_reading(path)) as database:
        try:
            query = "SELECT value FROM facts WHERE name = 'begun_ms'"
            found = database.execute(query).fetchone()
        except sqlite3.DatabaseError as error:
            raise database_error(path, error) from None
    return found and str(found[0])
