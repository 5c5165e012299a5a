"""The two books: every rating in exactly one class, every contribution in exactly one place."""

from dataclasses import dataclass, field
from enum import IntEnum

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
