"""Files played by the distances of their event times, as one partition (architecture §4).

The rows of all files are sorted before the first is played, so all of them are in memory, as
columns: about 50 bytes a rating.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

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
        batches: The ratings; their arrival counts from 0, their partition is the file.
        earliest_ms: The earliest event time; 0 without ratings.
        latest_ms: The latest one.
        broken: What broke off a file, to be raised behind the last rating.
    """

    batches: list[Batch]
    earliest_ms: int = 0
    latest_ms: int = 0
    broken: BrokenInput | None = None

    @classmethod
    def of(cls, readers: Sequence[FileReader], pace: ByTime, batch_rows: int) -> "Recording":
        """Read files and sort their ratings; those without an event time are rejected."""
        blocks, broken = _read(readers)
        rejects = [(file, reject) for file, block in blocks for reject in block.rejects]
        blocks = [(file, block) for file, block in blocks if len(block)]
        if not blocks:
            return cls([_only(rejects)] if rejects else [], broken=broken)
        event_ms = np.concatenate([block.event_ms for _, block in blocks])
        file = np.repeat([file for file, _ in blocks], [len(block) for _, block in blocks])
        earliest, latest = int(event_ms.min()), int(event_ms.max())
        keys = _running_maxima(event_ms, file) if pace.order is Order.FILE else event_ms
        arrival_ms = pace.offsets_ms(keys - earliest)
        by = arrival_ms if pace.order is Order.FILE else keys
        order = None if np.all(by[1:] >= by[:-1]) else np.argsort(by, kind="stable")
        batches = _batches(blocks, order, arrival_ms, batch_rows)
        batches[0] = replace(batches[0], rejects=rejects)
        return cls(batches, earliest, latest, broken)

    def play(self, lap: Lap) -> Iterator[Batch]:
        """All ratings, moved to where a lap lies."""
        for batch in self.batches:
            yield replace(
                batch,
                arrival_ms=batch.arrival_ms + lap.arrival_ms,
                event_ms=batch.event_ms + lap.shift_ms,
                reject_arrival_ms=np.full(len(batch.rejects), lap.arrival_ms),
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


def _running_maxima(event_ms: NDArray[np.int64], file: NDArray[np.int64]) -> NDArray[np.int64]:
    """The largest event time so far in each file."""
    starts = np.flatnonzero(np.diff(file, prepend=-1))
    return np.concatenate([np.maximum.accumulate(part) for part in np.split(event_ms, starts[1:])])


def _batches(
    blocks: list[tuple[int, Decoded]],
    order: NDArray[np.int64] | None,
    arrival_ms: NDArray[np.int64],
    batch_rows: int,
) -> list[Batch]:
    """The ratings of all blocks in this order (None: as they lie), cut into batches."""
    whole, start = [], 0
    for file, block in blocks:
        stop = start + len(block)
        whole.append(_batch(file, block, arrival_ms[start:stop]))
        start = stop
    if order is None:
        return [
            batch.slice(at, min(at + batch_rows, len(batch)))
            for batch in whole
            for at in range(0, len(batch), batch_rows)
        ]
    gather = _Gather(whole)
    return [gather.take(order[at : at + batch_rows]) for at in range(0, len(order), batch_rows)]


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


class _Gather:
    """Batches as one, from which rows can be taken in any order."""

    def __init__(self, batches: list[Batch]) -> None:
        self._numbers = {
            name: np.concatenate([getattr(batch, name) for batch in batches])
            for name in ("arrival_ms", "partition", "position", "stars", "event_ms")
        }
        self._texts = {
            name: pa.chunked_array([getattr(batch, name) for batch in batches], pa.string())
            for name in ("product", "reviewer")
        }
        if any(batch.rating_id is not None for batch in batches):
            self._texts["rating_id"] = pa.chunked_array(
                [_ids(batch) for batch in batches], pa.string()
            )

    def take(self, rows: NDArray[np.int64]) -> Batch:
        """These rows, in this order."""
        index = pa.array(rows)
        numbers = {name: column[rows] for name, column in self._numbers.items()}
        texts = {name: column.take(index).combine_chunks() for name, column in self._texts.items()}
        return Batch(**numbers, **texts)  # type: ignore[arg-type]


def _ids(batch: Batch) -> pa.Array:
    return batch.rating_id or pa.array([""] * len(batch), pa.string())


def _only(rejects: list[tuple[int, Reject]]) -> Batch:
    none = np.empty(0, np.int64)
    text = pa.array([], pa.string())
    return Batch(
        none, none.astype(np.int32), none, text, text, none.astype(np.uint8), none, rejects=rejects
    )
