"""What `starwatch verify` prints: how many rows agree, the first that do not, late ratings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from starwatch.ratings.durations import moment_label
from starwatch.recompute.rules import COUNTED, DUPLICATE, LATE, REJECTED

if TYPE_CHECKING:
    from starwatch.admission.ledger import Books
    from starwatch.recompute.compare import Cause, Comparison, Difference
    from starwatch.recompute.run import Recomputation

_CLASSES = {COUNTED: "counted", DUPLICATE: "duplicate", LATE: "late", REJECTED: "rejected"}


def comparison_lines(path: str, found: "Comparison") -> Sequence[str]:
    """How many rows of a file agree, and the first of those that do not."""
    counts = (
        f"{found.equal:,} equal, {found.differing:,} differing, {found.missing:,} missing,"
        f" {found.extra:,} extra"
    )
    misplaced = f", {found.misplaced:,} out of order" if found.misplaced else ""
    return [f"{path}: {counts}{misplaced}", *map(_example, found.examples)]


def late_lines(recomputation: "Recomputation", books: "Books") -> Sequence[str]:
    """How many ratings came too late, and for which windows; nothing where none did."""
    missed = sum(book.missed for book in books.specs)
    if not (books.late or missed):
        return []
    windows = recomputation.rules.windows
    most = "; ".join(
        f"{windows[each.spec].label} to {moment_label(each.end_ms)}"
        f" ({each.late:,} late, {each.missed:,} missed)"
        for each in recomputation.late_windows()
    )
    late = f"{books.late:,} ratings came too late for every window"
    return [f"late: {late}; counted ones missed {missed:,} windows", f"  most of them: {most}"]


def _example(one: "Difference") -> str:
    """A row that does not agree, in one line."""
    revision = f", revision {one.revision}" if one.revision else ""
    sides = [
        f"{side} {text}"
        for side, text in (("expected", one.expected), ("written", one.written))
        if text
    ]
    window = f"{one.window} {one.product} to {moment_label(one.end_ms)}{revision}"
    return f"  {one.kind}: {window}: {', '.join(sides)}{_cause(one.cause)}"


def _cause(cause: "Cause | None") -> str:
    if cause is None:
        return "; no rating belongs there"
    came = "late rating there" if cause.behind else "rating there"
    return (
        f"; the first {came} is row {cause.position} of input {cause.partition},"
        f" which is {_CLASSES[cause.kind]}"
    )
