"""Files of slots as the timeline reads them, and what it gives, one thing at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from replay.brute import Bad, Broke, File, Happening, Joined, Left, Options, Rate, Rated, Refused
from starwatch.errors import BrokenInput
from starwatch.ratings.batch import NO_TIME, Batch, Decoded
from starwatch.ratings.rejects import Reject
from starwatch.replay.events import Joins
from starwatch.replay.pace import ByRow, ByTime, Order, ReplayOptions
from starwatch.replay.timeline import timeline


@dataclass
class FakeReader:
    """A `FileReader` over slots, cut into blocks of the given sizes in turn.

    A size of 0 is a block of blank lines; one may stand behind the last slot.
    """

    file: File
    sizes: tuple[int, ...] = ()
    name: str = "fake"
    total_bytes: int = 0
    read_bytes: int = 0
    blocks_read: list[int] = field(default_factory=list)

    def blocks(self) -> Iterator[Decoded]:
        start, turn = 0, 0
        sizes = self.sizes if sum(self.sizes) else (len(self.file.slots) or 1,)
        with_ids = any(isinstance(s, Rate) and s.rating_id for s in self.file.slots)
        while start < len(self.file.slots):
            stop = min(start + sizes[turn % len(sizes)], len(self.file.slots))
            self.blocks_read.append(stop)
            yield decoded(self.file.slots[start:stop], start, with_ids=with_ids)
            start, turn = stop, turn + 1
        if 0 in sizes:
            yield decoded((), start, with_ids=with_ids)
        if self.file.breaks:
            raise BrokenInput("the file breaks off")


def decoded(slots, start: int, *, with_ids: bool) -> Decoded:
    rates = [(start + i, s) for i, s in enumerate(slots) if isinstance(s, Rate)]
    events = [NO_TIME if s.event is None else s.event for _, s in rates]
    return Decoded(
        position=np.array([i for i, _ in rates], np.int64),
        product=pa.array([s.product for _, s in rates], pa.string()),
        reviewer=pa.array([s.reviewer for _, s in rates], pa.string()),
        stars=np.array([s.star for _, s in rates], np.uint8),
        event_ms=np.array(events, np.int64),
        rating_id=pa.array([s.rating_id for _, s in rates], pa.string()) if with_ids else None,
        rejects=tuple(
            Reject(start + i, s.reason, s.raw) for i, s in enumerate(slots) if isinstance(s, Bad)
        ),
        slots=len(slots),
    )


def replay_options(options: Options, batch_rows: int) -> ReplayOptions:
    if options.speed is None:
        assert options.interval is not None
        pace = ByRow(options.interval)
    else:
        pace = ByTime(options.speed, Order.FILE if options.by_file else Order.TIME)
    return ReplayOptions(
        pace, options.start, options.slide, options.loop, options.limit, batch_rows
    )


def events_of(files, sizes, options: Options, batch_rows: int):
    """The events of the timeline over fake readers."""
    cuts = [tuple(sizes[i % len(sizes)]) if sizes else () for i in range(len(files))]
    return timeline(
        lambda: [FakeReader(file, cut) for file, cut in zip(files, cuts, strict=True)],
        replay_options(options, batch_rows),
    )


def flat(events, *, by_time: bool) -> Iterator[Happening]:
    """The same one by one: by row in the order (row, file), by time the rejects first."""
    try:
        for event in events:
            if isinstance(event, Batch):
                assert len(event) or event.rejects
                yield from flat_batch(event, by_time=by_time)
            elif isinstance(event, Joins):
                yield Joined(event.partitions)
            else:
                yield Left(event.partition, event.at_ms)
    except BrokenInput:
        yield Broke(-1)


def flat_batch(batch: Batch, *, by_time: bool) -> list[Happening]:
    ids = [""] * len(batch) if batch.rating_id is None else batch.rating_id.to_pylist()
    columns = (
        batch.arrival_ms.tolist(),
        batch.partition.tolist(),
        batch.position.tolist(),
        batch.product.to_pylist(),
        batch.reviewer.to_pylist(),
        batch.stars.tolist(),
        batch.event_ms.tolist(),
        ids,
    )
    rated = [
        Rated(at, file, row, Rate(product, who, star, None if e == NO_TIME else e, name))
        for at, file, row, product, who, star, e, name in zip(*columns, strict=True)
    ]
    refused = [Refused(None, file, r.position, r.reason) for file, r in batch.rejects]
    if by_time:
        return [*refused, *rated]
    assert rated == sorted(rated, key=lambda r: (r.row, r.file))
    assert refused == sorted(refused, key=lambda r: (r.row, r.file))
    return sorted([*rated, *refused], key=lambda r: (r.row, r.file))


def alike(what: Happening) -> Happening:
    """A happening without what the timeline does not say: the arrival of a reject, whose break."""
    if isinstance(what, Refused):
        return Refused(None, what.file, what.row, what.reason)
    return Broke(-1) if isinstance(what, Broke) else what
