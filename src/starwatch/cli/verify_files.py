"""The part of `starwatch verify --state` that looks at the bytes of ratings and panes."""

from pathlib import Path
from typing import TYPE_CHECKING

from starwatch.journal.listing import require_all
from starwatch.journal.places import folder_of
from starwatch.journal.written import check_file

if TYPE_CHECKING:
    from starwatch.journal.store import Journal


def check_files(journal: "Journal", state: Path) -> None:
    """Read every file of ratings and panes that the state names.

    Args:
        journal: The journal, seen at one moment: files that are let go stay as long.
        state: The state directory.

    Raises:
        NotKept: the first of its ratings were let go, so nothing can be verified.
        BadState: a file is not there, or its bytes are not those that were written.
    """
    require_all(journal)
    for table, files in journal.written().items():
        for name, written in files.items():
            path = state / folder_of(table) / name
            check_file(path, written, hint="Restore a backup of the state")
