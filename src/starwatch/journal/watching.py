"""Whether anything was committed to a database: asked often, and answered at once."""

import sqlite3
from pathlib import Path

from starwatch.journal.schema import database_error, open_to_read


class Watch:
    """Looks at a database that another connection writes to.

    Args:
        path: The database of a state.

    Raises:
        MissingInput: it is not there.
        BadState: it is corrupt, or no database of ours.
        NewerState: a newer Starwatch made it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database, self._frozen = open_to_read(path)
        self._file = self._identity()
        self._version: int | None = None

    def changed(self) -> bool:
        """Whether something was committed since the last call; the first one says so always.

        Raises:
            BadState: the database is broken.
        """
        try:
            (version,) = self._database.execute("PRAGMA data_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise database_error(self._path, error) from None
        before, self._version = self._version, version
        return bool(version != before)

    def replaced(self) -> bool:
        """Whether another database lies in its place, or none; or it must be opened again."""
        return self._identity() != self._file

    def close(self) -> None:
        """Let the database go; safe to call twice."""
        self._database.close()

    def _identity(self) -> tuple[int, ...] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        written = (found.st_size, found.st_mtime_ns) if self._frozen else ()
        return found.st_dev, found.st_ino, *written
