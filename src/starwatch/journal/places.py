"""What a state directory consists of."""

import re
from dataclasses import dataclass
from pathlib import Path

from starwatch.journal.lock import BACKFILL, WRITER

DATABASE = "starwatch.db"
SNAPSHOTS = "snapshots"
RATINGS = "ratings"
HISTORY = "history"
STAGING = "backfilling"

BACKFILL_STEM = "backfill-"
"""How the names of files begin that a backfill made."""

_FILE = r"\.?(\d{12}-|backfill-)[^/]*\.(parquet|part)"
_FILES = {
    SNAPSHOTS: re.compile(r"\d{12}(-[0-9a-f]{8})?\.(arrow|part)"),
    RATINGS: re.compile(rf"(day|month|year)=[^/]+/{_FILE}"),
    HISTORY: re.compile(rf"tier=\w+/{_FILE}"),
}
"""What the files of a state are called, below the folders that hold nothing else."""


def is_one(directory: Path) -> bool:
    """Whether a folder is a state, or one can be made of it without harm to anything else.

    A state that has lost its database is known by its files: others' folders may be called
    `snapshots` too.
    """
    names = {path.name.removesuffix("-wal").removesuffix("-shm") for path in directory.iterdir()}
    names -= {WRITER, BACKFILL}
    if not names or DATABASE in names:
        return True
    files = [
        _FILES[folder].fullmatch(path.relative_to(directory / folder).as_posix()) is not None
        for folder in _FILES
        for path in (directory / folder).rglob("*")
        if not path.is_dir()
    ]
    return all(files) if files else names <= _FILES.keys()


def folder_of(table: str) -> str:
    """Where the files lie that a table of the database names: its own name, but for ratings."""
    return {"backfilled": RATINGS, "sealed": RATINGS}.get(table, table)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of a state are.

    Attributes:
        directory: The state directory.
    """

    directory: Path

    @property
    def database(self) -> Path:
        """Journal, positions, books, rejects, outbox, and the names of all files that count."""
        return self.directory / DATABASE

    @property
    def snapshots(self) -> Path:
        """The engine as it was at some moments."""
        return self.directory / SNAPSHOTS

    @property
    def ratings(self) -> Path:
        """Sealed ratings."""
        return self.directory / RATINGS

    @property
    def history(self) -> Path:
        """Panes."""
        return self.directory / HISTORY

    @property
    def staging(self) -> Path:
        """What a backfill in progress writes before anything of it counts."""
        return self.directory / STAGING
