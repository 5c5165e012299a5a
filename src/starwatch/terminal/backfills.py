"""The books of backfilled files, a line each."""

from collections.abc import Sequence

from starwatch.journal.backfills import Backfill


def backfill_lines(backfills: Sequence[Backfill]) -> list[str]:
    """A line for each file, and one for the sum of several."""
    lines = [_line(f"{each.path} (backfill)", [each]) for each in backfills]
    return [*lines, _line("all backfills", backfills)] if len(backfills) > 1 else lines


def _line(name: str, backfills: Sequence[Backfill]) -> str:
    received = sum(each.received for each in backfills)
    counted = sum(each.counted for each in backfills)
    duplicate = sum(each.duplicate for each in backfills)
    rejected = sum(each.rejected for each in backfills)
    lost = received - counted - duplicate - rejected
    verdict = f" WARNING: THIS DOES NOT BALANCE: {lost:+,} unaccounted for" if lost else ""
    return (
        f"{name}: received {received:,} = {counted:,} counted + {duplicate:,} duplicate"
        f" + {rejected:,} rejected{verdict}"
    )
