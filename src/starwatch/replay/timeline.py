"""The timeline of a replay: laps, one behind the other, up to a limit."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count

import numpy as np

from starwatch.ports import FileReader
from starwatch.ratings.batch import Batch
from starwatch.replay.by_row import Lap, LapLength, play_lap
from starwatch.replay.by_time import Recording
from starwatch.replay.events import Event, Joins
from starwatch.replay.pace import ByRow, ByTime, ReplayOptions


def timeline(
    open_readers: Callable[[], Sequence[FileReader]], options: ReplayOptions
) -> Iterator[Event]:
    """Everything that happens in a replay, in order.

    Args:
        open_readers: Opens the files anew; called once a lap.
        options: How they are played.

    Raises:
        BrokenInput: a file breaks off; raised behind its last readable row.
    """
    if isinstance(options.pace, ByRow):
        events = _laps_by_row(open_readers, options.pace, options)
    else:
        events = _laps_by_time(open_readers(), options.pace, options)
    if options.limit is None:
        return events
    return _limited(events, options.limit, by_row=isinstance(options.pace, ByRow))


def _laps_by_row(
    open_readers: Callable[[], Sequence[FileReader]], pace: ByRow, options: ReplayOptions
) -> Iterator[Event]:
    lap = Lap(options.start_ms, 0)
    for number in count(1):
        length = LapLength()
        yield from play_lap(open_readers(), pace, lap, length)
        if not options.loop or not length.slots:
            return
        last = int(pace.offsets_ms(np.array([length.slots - 1], np.int64))[0])
        lap = Lap(
            options.start_ms + number * (last + options.slide_ms),
            number * (length.span_ms + options.slide_ms),
        )


def _laps_by_time(
    readers: Sequence[FileReader], pace: ByTime, options: ReplayOptions
) -> Iterator[Event]:
    recording = Recording.of(readers, pace, options.batch_rows)
    yield Joins((0,))
    step = recording.latest_ms - recording.earliest_ms + options.slide_ms
    for number in count():
        shift = number * step
        arrival = int(pace.offsets_ms(np.array([shift], np.int64))[0])
        yield from recording.play(Lap(options.start_ms + arrival, shift))
        if not options.loop or recording.empty:
            return


def _limited(events: Iterator[Event], limit: int, *, by_row: bool) -> Iterator[Event]:
    """The same up to so many ratings and rejects."""
    left = limit
    for event in events:
        if not isinstance(event, Batch):
            yield event
            continue
        size = len(event) + len(event.rejects)
        if size >= left:
            yield _first(event, left, by_row=by_row)
            return
        left -= size
        yield event


def _first(batch: Batch, rows: int, *, by_row: bool) -> Batch:
    """The first rows of a batch: by (position, file), or where time decides, rejects first."""
    if by_row:
        ratings = list(zip(batch.position.tolist(), batch.partition.tolist(), strict=True))
        rejects = [(reject.position, file) for file, reject in batch.rejects]
        last = sorted(ratings + rejects)[:rows][-1]
        size, rejected = bisect_right(ratings, last), bisect_right(rejects, last)
    else:
        rejected = min(len(batch.rejects), rows)
        size = rows - rejected
    arrivals = batch.reject_arrival_ms
    return replace(
        batch.slice(0, size),
        rejects=batch.rejects[:rejected],
        reject_arrival_ms=None if arrivals is None else arrivals[:rejected],
    )
