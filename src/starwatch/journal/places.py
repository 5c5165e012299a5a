"""What a state directory consists of."""

from dataclasses import dataclass
from pathlib import Path

DATABASE = "starwatch.db"
SNAPSHOTS = "snapshots"
RATINGS = "ratings"
HISTORY = "history"
STAGING = "backfilling"

BACKFILL_STEM = "backfill-"
"""How the names of files begin that a backfill made."""


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
