"""What a state lets go, and in which order: retention by age and by size (architecture §7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import accumulate
from typing import Self

DAY_MS = 86_400_000
LONG_PANES_MS = 3_600_000
"""Panes from this length on are the long history: small, so age alone never lets them go."""


class Kind(IntEnum):
    """What a lot holds; where there is no room, lower kinds go first."""

    RATINGS = 0
    SHORT_PANES = 1
    LONG_PANES = 2


@dataclass(frozen=True, slots=True)
class Lot:
    """Files that go together.

    Attributes:
        kind: What they hold.
        made_ms: When they were made, by the clock on the wall; never when what is in them
            happened, so a replay of old ratings keeps them as long as any others.
        files: Their names, below `ratings/` or `history/`.
        size: Their bytes.
        number: How many ratings they hold; 0 for panes.
        ratings: Of a range of the journal: the number of its first rating, and how many it has.
    """

    kind: Kind
    made_ms: int
    files: tuple[str, ...]
    size: int
    number: int = 0
    ratings: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """How long files of ratings and of panes are kept, and how much of them.

    Attributes:
        keep_ms: Ratings, and panes of less than an hour, go when they are older; None: never.
        keep_bytes: How much all of them may take; None: any amount.
    """

    keep_ms: int | None = 7 * DAY_MS
    keep_bytes: int | None = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Pruning:
    """What goes.

    Attributes:
        ratings: Names of files below `ratings/`.
        panes: Names of files below `history/`.
        size: Their bytes.
        number: How many ratings go.
        first_kept: The number of the first rating of the journal that stays; None where none goes.
    """

    ratings: tuple[str, ...] = ()
    panes: tuple[str, ...] = ()
    size: int = 0
    number: int = 0
    first_kept: int | None = None

    @classmethod
    def of(cls, lots: Sequence[Lot]) -> Self:
        """Everything in these lots."""
        ratings = [lot for lot in lots if lot.kind is Kind.RATINGS]
        return cls(
            tuple(file for lot in ratings for file in lot.files),
            tuple(file for lot in lots if lot.kind is not Kind.RATINGS for file in lot.files),
            sum(lot.size for lot in lots),
            sum(lot.number for lot in lots),
            max((sum(lot.ratings) for lot in ratings if lot.ratings), default=None),
        )

    def __bool__(self) -> bool:
        """Whether anything goes."""
        return bool(self.ratings or self.panes)


def due(lots: Iterable[Lot], retention: Retention, now_ms: int) -> list[Lot]:
    """The lots that go now, the first to go first.

    What is too old goes; then, as long as the rest is too much, the oldest: ratings, then short
    panes, then long ones. Ratings go in the order in which they came, so that those which stay
    have no gap.

    Args:
        lots: All that there are.
        retention: How long and how much is kept.
        now_ms: The clock on the wall.
    """
    ordered = _first_to_go(lots)
    oldest_ms = None if retention.keep_ms is None else now_ms - retention.keep_ms
    gone = [lot for lot in ordered if _too_old(lot, oldest_ms)]
    stay = [lot for lot in ordered if not _too_old(lot, oldest_ms)]
    left = sum(lot.size for lot in stay)
    for lot in stay:
        if retention.keep_bytes is None or left <= retention.keep_bytes:
            break
        gone.append(lot)
        left -= lot.size
    return gone


def _too_old(lot: Lot, oldest_ms: int | None) -> bool:
    return lot.kind is not Kind.LONG_PANES and oldest_ms is not None and lot.made_ms < oldest_ms


def _first_to_go(lots: Iterable[Lot]) -> list[Lot]:
    """All lots in order.

    A range of the journal was made no later than those behind it, whatever the clock on the wall
    said then: one that was set back must not leave a gap.
    """
    lots = list(lots)
    ranges = sorted((lot for lot in lots if lot.ratings), key=lambda lot: lot.ratings or ())
    made = list(accumulate((lot.made_ms for lot in reversed(ranges)), min))
    ordered = [replace(lot, made_ms=ms) for lot, ms in zip(ranges, reversed(made), strict=True)]
    ordered += [lot for lot in lots if not lot.ratings]
    return sorted(ordered, key=lambda lot: (lot.kind, lot.made_ms))  # stable, so ranges stay so
