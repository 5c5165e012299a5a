"""Many ratings as columns: what moves between the door and the store (architecture §3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.ratings.rejects import Reject

NO_TIME = np.iinfo(np.int64).min
"""In a column of event times: this rating has none of its own."""

MAX_ID_BYTES = 512
"""A longer product, reviewer or rating id is rejected."""


@dataclass(frozen=True, slots=True)
class Found:
    """What another engine found of ratings that it has admitted; columns of one length n.

    Attributes:
        met_ms: int64; the watermark that each came behind, `NO_TIME` where it did not.
        duplicate: bool; whether it had come before.
    """

    met_ms: NDArray[np.int64]
    duplicate: NDArray[np.bool_]

    @classmethod
    def nothing(cls, number: int) -> Self:
        """So many ratings in time, none of which had come before."""
        return cls(np.full(number, NO_TIME), np.zeros(number, bool))

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """What was found of the ratings of all parts; at least one part."""
        return cls(
            np.concatenate([part.met_ms for part in parts]),
            np.concatenate([part.duplicate for part in parts]),
        )

    def take(self, rows: NDArray[np.int64] | slice) -> Self:
        """What was found of the ratings at these rows."""
        return type(self)(self.met_ms[rows], self.duplicate[rows])


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a codec makes of one block of input: readable ratings as columns, and the rest.

    All columns have one length n.

    Attributes:
        position: int64; the slot of each rating in its file or partition, strictly rising.
        product: Arrow `string`, no nulls, never empty.
        reviewer: Arrow `string`, no nulls; empty where there is none.
        stars: uint8; index of the step on the scale.
        event_ms: int64; UTC epoch milliseconds, or `NO_TIME`.
        rating_id: Arrow `string`, no nulls, empty where there is none; or None without such ids.
        rejects: The rows that are no ratings, by rising position.
        slots: The number of slots that the block takes: ratings, rejects and pause lines.
        found: What another engine found of them; None: none has seen them.
    """

    position: NDArray[np.int64]
    product: pa.Array
    reviewer: pa.Array
    stars: NDArray[np.uint8]
    event_ms: NDArray[np.int64]
    rating_id: pa.Array | None = None
    rejects: tuple[Reject, ...] = ()
    slots: int = 0
    found: Found | None = None

    def __len__(self) -> int:
        """The number of readable ratings."""
        return len(self.position)


@dataclass(frozen=True, slots=True)
class Batch:
    """Ratings with their arrival, in the order in which the engine takes them.

    All columns have one length n.

    Attributes:
        arrival_ms: int64, never falling; UTC epoch milliseconds.
        partition: int32; which partition each rating came by.
        position: int64; its row or offset there.
        product: Arrow `string`, no nulls, never empty.
        reviewer: Arrow `string`, no nulls; empty where there is none.
        stars: uint8; index of the step on the scale.
        event_ms: int64; UTC epoch milliseconds, or `NO_TIME`: the arrival stands in for it.
        rating_id: Arrow `string`, no nulls, empty where there is none; or None without such ids.
        rejects: Pairs of partition and reject that came with these ratings.
        reject_arrival_ms: int64, one for each reject, never falling; None: they come with the
            first rating.
        found: What another engine found of them; None: none has seen them.
    """

    arrival_ms: NDArray[np.int64]
    partition: NDArray[np.int32]
    position: NDArray[np.int64]
    product: pa.Array
    reviewer: pa.Array
    stars: NDArray[np.uint8]
    event_ms: NDArray[np.int64]
    rating_id: pa.Array | None = None
    rejects: Sequence[tuple[int, Reject]] = field(default=())
    reject_arrival_ms: NDArray[np.int64] | None = None
    found: Found | None = None

    def __len__(self) -> int:
        """The number of ratings, rejects not among them."""
        return len(self.arrival_ms)

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """The ratings of all parts, one after the other, without the rejects; at least one part."""
        if len(parts) == 1:
            return parts[0].slice(0, len(parts[0]))
        ids = any(part.rating_id is not None for part in parts)
        return cls(
            arrival_ms=np.concatenate([p.arrival_ms for p in parts]),
            partition=np.concatenate([p.partition for p in parts]),
            position=np.concatenate([p.position for p in parts]),
            product=pa.concat_arrays([p.product for p in parts]),
            reviewer=pa.concat_arrays([p.reviewer for p in parts]),
            stars=np.concatenate([p.stars for p in parts]),
            event_ms=np.concatenate([p.event_ms for p in parts]),
            rating_id=pa.concat_arrays([p.ids() for p in parts]) if ids else None,
            found=found_of(parts),
        )

    def ids(self) -> pa.Array:
        """The rating ids as an Arrow `string` column; empty ones where there are none."""
        return empty_texts(len(self)) if self.rating_id is None else self.rating_id

    def take(self, rows: NDArray[np.int64]) -> Self:
        """The ratings at these row numbers, in that order, without the rejects."""
        index = pa.array(rows)
        return type(self)(
            arrival_ms=self.arrival_ms[rows],
            partition=self.partition[rows],
            position=self.position[rows],
            product=self.product.take(index),
            reviewer=self.reviewer.take(index),
            stars=self.stars[rows],
            event_ms=self.event_ms[rows],
            rating_id=None if self.rating_id is None else self.rating_id.take(index),
            found=None if self.found is None else self.found.take(rows),
        )

    def slice(self, start: int, stop: int) -> Self:
        """The ratings from row `start` up to `stop`, without copying, without the rejects."""
        return type(self)(
            arrival_ms=self.arrival_ms[start:stop],
            partition=self.partition[start:stop],
            position=self.position[start:stop],
            product=self.product[start:stop],
            reviewer=self.reviewer[start:stop],
            stars=self.stars[start:stop],
            event_ms=self.event_ms[start:stop],
            rating_id=None if self.rating_id is None else self.rating_id[start:stop],
            found=None if self.found is None else self.found.take(slice(start, stop)),
        )


def found_of(parts: Sequence[Decoded] | Sequence[Batch]) -> Found | None:
    """What was found of the ratings of all parts; None where none was seen before."""
    if all(part.found is None for part in parts):
        return None
    return Found.concat([part.found or Found.nothing(len(part)) for part in parts])


def empty_texts(count: int) -> pa.StringArray:
    """An Arrow `string` column of so many empty texts."""
    offsets = np.zeros(count + 1, np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(b""))
