"""Files played by the distances of their event times, as one partition (architecture §4).

The rows of all files are sorted before the first is played, so all of them are in memory, as
columns: about 50 bytes a rating.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from operator import itemgetter

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.errors import BrokenInput
from starwatch.ports import FileReader
from starwatch.ratings.batch import NO_TIME, Batch, Decoded
from starwatch.ratings.rejects import Reason, Reject
from starwatch.replay.by_row import Lap
from starwatch.replay.pace import ByTime, Order


@dataclass(frozen=True, slots=True)
class Recording:
    """Everything that some files hold, in the order in which it is played.

    Attributes:
        batches: Gives the ratings, each time anew; their arrival counts from 0, their partition is
            the file.
        rejects: Pairs of file and reject; they come with the first batch.
        earliest_ms: The earliest event time; 0 without ratings.
        latest_ms: The latest one.
        empty: Whether there is neither a rating nor a reject.
        broken: What broke off a file, to be raised behind the last rating.
    """

    batches: Callable[[], Iterator[Batch]]
    rejects: Sequence[tuple[int, Reject]] = ()
    earliest_ms: int = 0
    latest_ms: int = 0
    empty: bool = False
    broken: BrokenInput | None = None

    @classmethod
    def of(cls, readers: Sequence[FileReader], pace: ByTime, batch_rows: int) -> "Recording":
        """Read files and sort their ratings; those without an event time are rejected."""
        blocks, broken = _read(readers)
        rejects = [(file, reject) for file, block in blocks for reject in block.rejects]
        blocks = [(file, block) for file, block in blocks if len(block)]
        if not blocks:
            nothing = [_nothing()] if rejects else []
            return cls(lambda: iter(nothing), rejects, empty=not rejects, broken=broken)
        earliest = min(int(block.event_ms.min()) for _, block in blocks)
        latest = max(int(block.event_ms.max()) for _, block in blocks)
        ages = _running_maxima(blocks) if pace.order is Order.FILE else _event_times(blocks)
        ages -= earliest  # in place: at this size a new column costs more than the arithmetic
        arrival_ms = pace.offsets_ms(ages)
        by = arrival_ms if pace.order is Order.FILE else ages
        order = None if np.all(by[1:] >= by[:-1]) else np.argsort(by, kind="stable")
        batches = _batches(blocks, order, arrival_ms, batch_rows)
        return cls(batches, rejects, earliest, latest, broken=broken)

    def play(self, lap: Lap) -> Iterator[Batch]:
        """All ratings, moved to where a lap lies."""
        for number, batch in enumerate(self.batches()):
            rejects = () if number else self.rejects
            yield replace(
                batch,
                arrival_ms=batch.arrival_ms + lap.arrival_ms,
                event_ms=batch.event_ms + lap.shift_ms,
                rejects=rejects,
                reject_arrival_ms=np.full(len(rejects), lap.arrival_ms),
            )
        if self.broken is not None:
            raise self.broken


def _read(
    readers: Sequence[FileReader],
) -> tuple[list[tuple[int, Decoded]], BrokenInput | None]:
    """All blocks with the number of their file; ratings without event time become rejects.

    Where a file breaks off the others are read all the same, as their ratings lie among its own;
    returns what broke the first one.
    """
    blocks: list[tuple[int, Decoded]] = []
    broken: BrokenInput | None = None
    for file, reader in enumerate(readers):
        try:
            blocks.extend((file, _timed(block)) for block in reader.blocks())
        except BrokenInput as error:
            broken = broken or error
    return blocks, broken


def _timed(block: Decoded) -> Decoded:
    own = block.event_ms != NO_TIME
    if own.all():
        return block
    lost = np.flatnonzero(~own)
    rejects = [
        Reject(position, Reason.MISSING_TIME, f"{reviewer},{product}".encode())
        for position, reviewer, product in zip(
            block.position[lost].tolist(),
            block.reviewer.take(pa.array(lost)).to_pylist(),
            block.product.take(pa.array(lost)).to_pylist(),
            strict=True,
        )
    ]
    kept = np.flatnonzero(own)
    index = pa.array(kept)
    return Decoded(
        position=block.position[kept],
        product=block.product.take(index),
        reviewer=block.reviewer.take(index),
        stars=block.stars[kept],
        event_ms=block.event_ms[kept],
        rating_id=None if block.rating_id is None else block.rating_id.take(index),
        rejects=tuple(sorted([*block.rejects, *rejects], key=lambda r: r.position)),
        slots=block.slots,
    )


def _running_maxima(blocks: list[tuple[int, Decoded]]) -> NDArray[np.int64]:
    """The largest event time so far in each file."""
    maxima, start = _event_times(blocks), 0
    for _, file in groupby(blocks, key=itemgetter(0)):
        stop = start + sum(len(block) for _, block in file)
        part = maxima[start:stop]
        np.maximum.accumulate(part, out=part)
        start = stop
    return maxima


def _event_times(blocks: list[tuple[int, Decoded]]) -> NDArray[np.int64]:
    """The event times of all blocks, one behind the other, as a column of their own."""
    return np.concatenate([block.event_ms for _, block in blocks])


def _batches(
    blocks: list[tuple[int, Decoded]],
    order: NDArray[np.int64] | None,
    arrival_ms: NDArray[np.int64],
    batch_rows: int,
) -> Callable[[], Iterator[Batch]]:
    """Gives the ratings of all blocks in this order (None: as they lie), cut into batches."""
    whole, start = [], 0
    for file, block in blocks:
        stop = start + len(block)
        whole.append(_batch(file, block, arrival_ms[start:stop]))
        start = stop
    if order is None:
        return partial(_as_they_lie, whole, batch_rows)
    return partial(_Sorted(whole).batches, order, batch_rows)


def _as_they_lie(whole: list[Batch], batch_rows: int) -> Iterator[Batch]:
    """Cut what is too large; join neighbours that are small together."""
    group: list[Batch] = []
    for batch in whole:
        for at in range(0, len(batch), batch_rows):
            part = batch.slice(at, min(at + batch_rows, len(batch)))
            if sum(map(len, group)) + len(part) > batch_rows:
                yield Batch.concat(group)
                group = []
            group.append(part)
    yield Batch.concat(group)


def _batch(file: int, block: Decoded, arrival_ms: NDArray[np.int64]) -> Batch:
    return Batch(
        arrival_ms=arrival_ms,
        partition=np.full(len(block), file, np.int32),
        position=block.position,
        product=block.product,
        reviewer=block.reviewer,
        stars=block.stars,
        event_ms=block.event_ms,
        rating_id=block.rating_id,
    )


class _Sorted:
    """Batches as one, to be given in another order than they lie in."""

    def __init__(self, batches: list[Batch]) -> None:
        self._numbers = {
            name: np.concatenate([getattr(batch, name) for batch in batches])
            for name in ("arrival_ms", "partition", "position", "stars", "event_ms")
        }
        self._texts = {
            name: _one_column([getattr(batch, name) for batch in batches])
            for name in ("product", "reviewer")
        }
        if any(batch.rating_id is not None for batch in batches):
            self._texts["rating_id"] = _one_column([batch.ids() for batch in batches])

    def batches(self, order: NDArray[np.int64], batch_rows: int) -> Iterator[Batch]:
        """The rows of this order, in batches."""
        for at in range(0, len(order), batch_rows):
            yield self._take(order[at : at + batch_rows])

    def _take(self, rows: NDArray[np.int64]) -> Batch:
        index = pa.array(rows)
        numbers = {name: column[rows] for name, column in self._numbers.items()}
        texts = {name: column.take(index).cast(pa.string()) for name, column in self._texts.items()}
        return Batch(**numbers, **texts)  # type: ignore[arg-type]


def _one_column(parts: Sequence[pa.Array]) -> pa.Array:
    """Texts of any total size in one piece: Arrow would join many pieces for every take."""
    return pa.chunked_array(parts).cast(pa.large_string()).combine_chunks()


def _nothing() -> Batch:
    none = np.empty(0, np.int64)
    text = pa.array([], pa.string())
    return Batch(none, none.astype(np.int32), none, text, text, none.astype(np.uint8), none)
