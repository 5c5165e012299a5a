"""Files in parallel, one row each at every beat: the reference's replay (architecture §4)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.errors import BrokenInput
from starwatch.ports import FileReader
from starwatch.ratings.batch import NO_TIME, Batch, Decoded
from starwatch.ratings.rejects import Reject
from starwatch.replay.events import Event, Joins, Leaves
from starwatch.replay.pace import ByRow


@dataclass(frozen=True, slots=True)
class Lap:
    """Where one lap of a replay lies.

    Attributes:
        arrival_ms: Virtual arrival of its first row.
        shift_ms: What is added to event times.
    """

    arrival_ms: int
    shift_ms: int


@dataclass(slots=True)
class LapLength:
    """How long a lap was, known at its end.

    Attributes:
        slots: Slots of the longest file.
        earliest_ms: Earliest event time, `NO_TIME` where no rating has one.
        latest_ms: Latest event time, likewise.
    """

    slots: int = 0
    earliest_ms: int = NO_TIME
    latest_ms: int = NO_TIME

    def note(self, event_ms: NDArray[np.int64]) -> None:
        """Take some event times into account."""
        own = event_ms[event_ms != NO_TIME]
        if len(own):
            low, high = int(own.min()), int(own.max())
            self.earliest_ms = low if self.earliest_ms == NO_TIME else min(self.earliest_ms, low)
            self.latest_ms = max(self.latest_ms, high)

    @property
    def span_ms(self) -> int:
        """From the earliest to the latest event time."""
        return self.latest_ms - self.earliest_ms if self.earliest_ms != NO_TIME else 0


def play_lap(
    readers: Sequence[FileReader], pace: ByRow, lap: Lap, length: LapLength
) -> Iterator[Event]:
    """Play every file once, side by side; each file is the partition of its place in the list.

    Args:
        readers: The files.
        pace: The time between two rows.
        lap: Where this lap lies.
        length: Filled in on the way; complete at the end.
    """
    yield Joins(tuple(range(len(readers))))
    files = [_File(number, reader) for number, reader in enumerate(readers)]
    done = 0
    while any(not file.left for file in files):
        stop = min(file.known_until(done) for file in files if not file.left)
        for part, leaver in _cut_at_leaves(files, done, stop):
            batch = _merge(part, pace, lap)
            length.note(batch.event_ms)
            if len(batch) or batch.rejects:
                yield batch
            if leaver is not None:
                leaver.check()
                last = np.array([max(leaver.slots - 1, 0)], np.int64)
                yield Leaves(leaver.number, lap.arrival_ms + int(pace.offsets_ms(last)[0]))
                length.slots = max(length.slots, leaver.slots)
        done = stop


class _File:
    """A file as it is read: one block in hand, and whether another follows."""

    def __init__(self, number: int, reader: FileReader) -> None:
        self.number = number
        self.left = False
        self.slots = 0
        self._blocks = reader.blocks()
        self._broken: BrokenInput | None = None
        self._block: Decoded | None = None
        self._next = self._read()

    @property
    def ended(self) -> bool:
        """Whether the block in hand is the last one; `slots` is the file's length then."""
        return self._next is None

    def known_until(self, slot: int) -> int:
        """Up to which slot its rows are known; reads on where `slot` is not known yet."""
        while self.slots <= slot and self._next is not None:
            self._block = self._next
            self.slots += self._block.slots
            self._next = self._read()
        return self.slots if not self.ended else max(self.slots, slot + 1)

    def check(self) -> None:
        """To be called behind the last row: a file that broke off says so here, not earlier."""
        if self._broken is not None:
            raise self._broken

    def _read(self) -> Decoded | None:
        """The next block; one of blank lines alone takes no slot and says nothing of the end."""
        try:
            return next((block for block in self._blocks if block.slots), None)
        except BrokenInput as error:
            self._broken = error
            return None

    def rows(self, start: int, stop: int) -> Decoded | None:
        """Ratings and rejects from one slot up to another; None where there are none."""
        block = self._block
        if block is None:
            return None
        low, high = np.searchsorted(block.position, [start, stop]).tolist()
        rejects = tuple(r for r in block.rejects if start <= r.position < stop)
        if low == high and not rejects:
            return None
        return Decoded(
            position=block.position[low:high],
            product=block.product[low:high],
            reviewer=block.reviewer[low:high],
            stars=block.stars[low:high],
            event_ms=block.event_ms[low:high],
            rating_id=None if block.rating_id is None else block.rating_id[low:high],
            rejects=rejects,
        )


_Part = list[tuple[int, Decoded]]


def _cut_at_leaves(
    files: list[_File], start: int, stop: int
) -> Iterator[tuple[_Part, _File | None]]:
    """The rows of slots `start` to `stop`, cut behind the last row of every file that ends there.

    A file leaves with its last row: rows of later files at the same slot come after that. One
    without rows leaves before all rows.
    """
    ending = sorted(
        (file for file in files if not file.left and file.ended and file.slots <= stop),
        key=lambda file: (file.slots, file.number),
    )
    edge = (start, -1)  # everything up to this slot and file has been given
    for leaver in ending:
        upto = (leaver.slots - 1, leaver.number)
        yield _between(files, edge, upto), leaver
        leaver.left = True
        edge = upto
    yield _between(files, edge, (stop, -1)), None


def _between(files: list[_File], edge: tuple[int, int], upto: tuple[int, int]) -> _Part:
    """The rows behind (slot, file) `edge` up to (slot, file) `upto`."""
    part = []
    for file in files:
        start = edge[0] + (file.number <= edge[1])
        stop = upto[0] + (file.number <= upto[1])
        rows = file.rows(start, stop) if start < stop and not file.left else None
        if rows is not None:
            part.append((file.number, rows))
    return part


def _merge(part: _Part, pace: ByRow, lap: Lap) -> Batch:
    """Rows of several files in the order (slot, file)."""
    blocks = [block for _, block in part]
    lengths = [len(block) for block in blocks]
    numbers = np.array([number for number, _ in part], np.int32)
    partition = np.repeat(numbers, lengths).astype(np.int32)
    position = np.concatenate([b.position for b in blocks] or [np.empty(0, np.int64)])
    event_ms = np.concatenate([b.event_ms for b in blocks] or [np.empty(0, np.int64)])
    if lap.shift_ms:
        event_ms = np.where(event_ms == NO_TIME, NO_TIME, event_ms + lap.shift_ms)
    batch = Batch(
        arrival_ms=lap.arrival_ms + pace.offsets_ms(position),
        partition=partition,
        position=position,
        product=_joined([b.product for b in blocks]),
        reviewer=_joined([b.reviewer for b in blocks]),
        stars=np.concatenate([b.stars for b in blocks] or [np.empty(0, np.uint8)]),
        event_ms=event_ms,
        rating_id=_joined_ids(blocks),
    )
    if len(blocks) > 1:
        batch = batch.take(np.lexsort((partition, position)))
    rejects = _rejects(part)
    slots = np.array([reject.position for _, reject in rejects], np.int64)
    return replace(
        batch, rejects=rejects, reject_arrival_ms=lap.arrival_ms + pace.offsets_ms(slots)
    )


def _rejects(part: _Part) -> list[tuple[int, Reject]]:
    rejects = [(number, reject) for number, block in part for reject in block.rejects]
    return sorted(rejects, key=lambda pair: (pair[1].position, pair[0]))


def _joined_ids(blocks: Sequence[Decoded]) -> pa.Array | None:
    """The rating ids of several blocks; empty ones where a block has none."""
    if all(block.rating_id is None for block in blocks):
        return None
    return _joined(
        [
            pa.array([""] * len(b), pa.string()) if b.rating_id is None else b.rating_id
            for b in blocks
        ]
    )


def _joined(columns: Sequence[pa.Array]) -> pa.Array:
    if len(columns) == 1:
        return columns[0]
    return pa.concat_arrays(columns) if columns else pa.array([], pa.string())
