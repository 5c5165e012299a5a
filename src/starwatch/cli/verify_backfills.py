"""The part of `starwatch verify --state` that looks at backfilled files: their own books."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starwatch.recompute.backfill import count_sealed

if TYPE_CHECKING:
    from starwatch.journal.backfills import Backfill
    from starwatch.journal.store import Journal


def check_backfills(journal: "Journal", database: Any, ratings: Path) -> list[str]:
    """Count what is there of each backfilled file, and print how many that are.

    Windows are not compared: no emitted window holds a backfilled rating.

    Args:
        journal: The journal, seen at one moment.
        database: A DuckDB connection.
        ratings: The state's folder of sealed ratings.

    Returns:
        What is not as the books of the backfills say.
    """
    backfills = journal.backfills()
    if not backfills:
        return []
    sealed = sum(each.counted + each.duplicate for each in backfills)
    gone = sealed - journal.backfill_ratings()
    files = [str(ratings / name) for name in journal.backfilled()]
    found = None if gone else count_sealed(files, database)
    refused = journal.backfill_refused()
    wrong = [each.path for each in backfills if not _as_booked(each, found, refused)]
    number = "1 file" if len(backfills) == 1 else f"{len(backfills):,} files"
    verdict = f"the books of {', '.join(wrong)} are wrong" if wrong else "their books balance"
    retired = f"; {gone:,} of them are retired" if gone else ""
    click.echo(f"backfilled: {sealed:,} ratings of {number}, in no window; {verdict}{retired}")
    return [f"backfilled: {verdict}"] if wrong else []


def _as_booked(
    backfill: "Backfill", sealed: dict[int, tuple[int, int]] | None, refused: dict[int, int]
) -> bool:
    """Whether what is there of a file is what its book says; None: some of it was retired."""
    if not backfill.balanced or refused.get(backfill.id, 0) != backfill.kept_rejects:
        return False
    booked = (backfill.counted, backfill.duplicate)
    return sealed is None or sealed.get(backfill.id, (0, 0)) == booked
