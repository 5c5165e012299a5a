"""What a timeline consists of, in order."""

from dataclasses import dataclass

from starwatch.ratings.batch import Batch


@dataclass(frozen=True, slots=True)
class Joins:
    """Partitions appear: the files of a lap begin."""

    partitions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Leaves:
    """A partition has given its last row.

    Attributes:
        partition: Which one.
        at_ms: When, in virtual arrival time.
    """

    partition: int
    at_ms: int


Event = Joins | Leaves | Batch
"""One step of a timeline; a batch comes with the rejects that lie among its rows."""
