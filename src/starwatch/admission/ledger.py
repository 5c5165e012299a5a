"""The two books: every rating in exactly one class, every contribution in exactly one place."""

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starwatch.ratings.rejects import Reason


class Class(IntEnum):
    """What became of a rating; every rating ends in exactly one class."""

    COUNTED = 0
    DUPLICATE = 1
    LATE = 2
    REJECTED = 3


@dataclass(frozen=True, slots=True)
class SpecBook:
    """Where the contributions of one window spec are: ratings times windows each belongs to.

    Attributes:
        expected: counted ratings times size/slide.
        closed: Contributions in rows that were emitted, each correction once.
        open: Contributions in windows still to close.
        missed: Contributions to windows that were gone when the rating came.
    """

    expected: int
    closed: int
    open: int
    missed: int

    @property
    def balanced(self) -> bool:
        """Whether no contribution was lost and none was counted twice."""
        return self.expected == self.closed + self.open + self.missed


@dataclass(frozen=True, slots=True)
class Books:
    """Both books at one moment (architecture §6).

    Attributes:
        received: All ratings that came, unreadable ones among them.
        counted: Those in windows.
        duplicate: Those that had come before.
        late: Those whose windows were all gone.
        rejected: Those that could not be counted, whatever the reason.
        pending: Those that no commit holds yet.
        reasons: Rejects by reason; only reasons that occurred.
        specs: One book a window spec, in the order of the job.
    """

    received: int = 0
    counted: int = 0
    duplicate: int = 0
    late: int = 0
    rejected: int = 0
    pending: int = 0
    reasons: dict[Reason, int] = field(default_factory=dict)
    specs: tuple[SpecBook, ...] = ()

    @property
    def balanced(self) -> bool:
        """Whether both books balance."""
        classes = self.counted + self.duplicate + self.late + self.rejected + self.pending
        return self.received == classes and all(book.balanced for book in self.specs)


class Ledger:
    """Counts every rating once, by class; a plain state machine.

    Args:
        specs: How many window specs the job has.
    """

    def __init__(self, specs: int) -> None:
        # state, all of it in snapshots
        self.classes = [0] * len(Class)
        self.reasons: Counter[Reason] = Counter()
        self.missed = [0] * specs

    def classify(self, classes: NDArray[np.uint8]) -> None:
        """Enter ratings by their class; rejected ones come with their reasons by `reject`."""
        if not classes.any():
            self.classes[Class.COUNTED] += len(classes)
            return
        for each, count in enumerate(np.bincount(classes, minlength=len(Class)).tolist()):
            self.classes[each] += count

    def reject(self, reason: Reason) -> None:
        """Enter one reject that no batch column holds."""
        self.classes[Class.REJECTED] += 1
        self.reasons[reason] += 1

    def books(self, *, panes: list[int], closed: list[int], still_open: list[int]) -> Books:
        """Both books, with what the windows say of themselves, one number a spec."""
        counted, duplicate, late, rejected = self.classes
        return Books(
            received=sum(self.classes),
            counted=counted,
            duplicate=duplicate,
            late=late,
            rejected=rejected,
            reasons=dict(self.reasons),
            specs=tuple(
                SpecBook(expected=counted * each, closed=shut, open=to_come, missed=gone)
                for each, shut, to_come, gone in zip(
                    panes, closed, still_open, self.missed, strict=True
                )
            ),
        )

    def snapshot(self) -> dict[str, Any]:
        """All state as plain values."""
        return {
            "classes": list(self.classes),
            "reasons": {str(reason): count for reason, count in self.reasons.items()},
            "missed": list(self.missed),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take the state of a snapshot."""
        self.classes = list(state["classes"])
        self.reasons = Counter({Reason(name): count for name, count in state["reasons"].items()})
        self.missed = list(state["missed"])
