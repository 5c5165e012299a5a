"""Whether the lines of all sources, which a state keeps one by one, sum up to its first book."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starwatch.admission.ledger import Books
    from starwatch.journal.commit import Position


def sources_fault(positions: "Iterable[Position]", books: "Books") -> str | None:
    """What the sources say otherwise than the book of all; None where they say the same."""
    sums = {"counted": 0, "duplicate": 0, "late": 0, "rejected": 0}
    for position in positions:
        for name, number in zip(sums, position.classes, strict=True):
            sums[name] += number
        sums["rejected"] += position.rejects
    other = [
        f"{number:,} {name}, not {total:,}"
        for name, number in sums.items()
        if number != (total := getattr(books, name))
    ]
    return f"the sources sum up to {', '.join(other)}" if other else None
