"""The timeline gives what a brute-force replay gives, whatever the files and however they come."""

from fractions import Fraction
from itertools import islice

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.brute import Bad, Broke, File, Joined, Left, Options, Pause, Rate, happenings
from replay.readers import alike, events_of, flat, replay_options
from replay.strategies import SIZES, files, options
from starwatch.ratings.batch import Batch, Decoded
from starwatch.ratings.rejects import Reason
from starwatch.replay.timeline import timeline

FIRST = 120
"""Of an endless replay, so many happenings are compared."""


def check(some, how: Options, sizes, batch_rows: int):
    by_time = how.speed is not None
    expected = [alike(what) for what in islice(happenings(some, how), FIRST)]
    given = list(islice(flat(events_of(some, sizes, how, batch_rows), by_time=by_time), FIRST))
    if how.limit is not None:  # a file whose last row is the last of all may say that it leaves
        while len(given) > len(expected) and isinstance(given[-1], Left):
            given.pop()
    assert given == expected


@given(files(), options(), SIZES, st.integers(1, 30))
@settings(max_examples=250, deadline=None)
def test_any_files_in_any_cut(some, how, sizes, batch_rows):
    check(some, how, sizes, batch_rows)


@given(files(breaks=True), options(), SIZES, st.integers(1, 30))
@settings(max_examples=150, deadline=None)
def test_what_comes_before_a_break_comes_first(some, how, sizes, batch_rows):
    check(some, how, sizes, batch_rows)


@pytest.mark.slow
@given(files(max_slots=40, breaks=True), options(), SIZES, st.integers(1, 60))
@settings(max_examples=3000, deadline=None)
def test_many_long_files(some, how, sizes, batch_rows):
    check(some, how, sizes, batch_rows)


BY_ROW = Options(start=1_000, interval=Fraction(1_000))
BY_TIME = Options(start=1_000, speed=Fraction(1))


def played(some, how=BY_ROW, sizes=(), batch_rows=100):
    return list(flat(events_of(some, sizes, how, batch_rows), by_time=how.speed is not None))


def test_a_file_leaves_with_its_last_row_before_rows_of_later_files_in_its_slot():
    for last in (Rate(), Bad(), Pause()):
        happened = played([File((last,)), File((Rate(), Rate()))])
        place = happened.index(Left(0, 1_000))
        assert [(r.file, r.row) for r in happened[place + 1 : -1]] == [(1, 0), (1, 1)]
        assert happened[-1] == Left(1, 2_000)


def test_a_file_without_rows_holds_nothing():
    assert played([File((Rate(),)), File()])[:2] == [Joined((0, 1)), Left(1, 1_000)]


def test_blank_lines_behind_the_last_row_do_not_delay_its_leave():
    happened = played([File((Pause(),)), File((Rate(),))], sizes=[[0, 1]])
    assert happened[:2] == [Joined((0, 1)), Left(0, 1_000)]


def test_by_time_a_break_leaves_out_nothing_of_the_other_files():
    some = [File((Rate(event=9_000),), breaks=True), File((Rate(event=1_000),))]
    happened = played(some, BY_TIME)
    assert [r.rate.event for r in happened[1:-1]] == [1_000, 9_000]
    assert happened[-1] == Broke(-1)


@pytest.mark.parametrize("what", [[], [File()], [File((Pause(), Pause()))]])
def test_by_time_an_endless_loop_over_nothing_ends(what):
    how = Options(start=0, speed=Fraction(1), loop=True)
    assert played(what, how) == [Joined((0,))]


def test_by_row_an_endless_loop_over_nothing_ends():
    how = Options(start=0, interval=Fraction(1), loop=True)
    assert played([File(), File()], how) == [Joined((0, 1)), Left(0, 0), Left(1, 0)]


def test_a_rating_without_time_says_who_rated_what():
    (batch,) = [
        event
        for event in events_of([File((Rate("p", "who"), Bad(raw=b"x")))], (), BY_TIME, 10)
        if isinstance(event, Batch)
    ]
    (_, first), (_, second) = batch.rejects
    assert (first.reason, first.raw) == (Reason.MISSING_TIME, b"who,p")
    assert second.raw == b"x"


@given(files(), options(by_time=True), SIZES, st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_batches_are_as_small_as_asked_and_in_order(some, how, sizes, batch_rows):
    before = how.start
    for event in islice(events_of(some, sizes, how, batch_rows), FIRST):
        if isinstance(event, Batch):
            assert len(event) <= batch_rows
            arrivals = [before, *event.arrival_ms.tolist()]
            assert arrivals == sorted(arrivals)
            before = arrivals[-1]


@pytest.mark.parametrize("by_file", [False, True])
def test_a_large_unsorted_recording_plays_in_order_and_rows_stay_whole(by_file):
    rows = 300_000
    draws = np.random.default_rng(1)
    halves = [large(draws.integers(0, 50_000_000, rows // 2)) for _ in range(2)]
    how = Options(start=5_000, speed=Fraction(60), by_file=by_file)
    readers = [Blocks(half) for half in halves]
    batches = [
        event
        for event in timeline(lambda: readers, replay_options(how, 7_001))
        if isinstance(event, Batch)
    ]
    assert sum(map(len, batches)) == rows
    file = np.concatenate([b.partition for b in batches])
    row = np.concatenate([b.position for b in batches])
    event = np.concatenate([b.event_ms for b in batches])
    assert len({*zip(file.tolist(), row.tolist(), strict=True)}) == rows
    source = np.concatenate([half.event_ms for half in halves])
    assert np.array_equal(event, source[file * (rows // 2) + row])
    highest = np.concatenate([np.maximum.accumulate(half.event_ms) for half in halves])
    leading = highest[file * (rows // 2) + row] if by_file else event
    arrival = np.concatenate([b.arrival_ms for b in batches])
    assert np.array_equal(arrival, 5_000 + (leading - source.min()) // 60)
    key = arrival if by_file else event
    assert np.array_equal(np.lexsort((row, file, key)), np.arange(rows))
    for batch in batches:
        assert batch.product.to_pylist() == [f"p{e % 977}" for e in batch.event_ms.tolist()]
        assert batch.reviewer.to_pylist() == [f"r{e % 9973}" for e in batch.event_ms.tolist()]
        assert batch.rating_id.to_pylist() == [f"i{e}" for e in batch.event_ms.tolist()]
        assert np.array_equal(batch.stars, batch.event_ms % 5)


def large(event_ms: np.ndarray) -> Decoded:
    """A block whose columns all follow from the event times."""
    times = event_ms.tolist()
    return Decoded(
        position=np.arange(len(times), dtype=np.int64),
        product=pa.array([f"p{e % 977}" for e in times], pa.string()),
        reviewer=pa.array([f"r{e % 9973}" for e in times], pa.string()),
        stars=(event_ms % 5).astype(np.uint8),
        event_ms=event_ms,
        rating_id=pa.array([f"i{e}" for e in times], pa.string()),
        slots=len(times),
    )


class Blocks:
    """A reader that gives one large block in parts."""

    name, total_bytes, read_bytes = "large", 0, 0

    def __init__(self, whole: Decoded) -> None:
        self._whole = whole

    def blocks(self):
        for start in range(0, len(self._whole), 40_000):
            cut = slice(start, start + 40_000)
            yield Decoded(
                position=self._whole.position[cut],
                product=self._whole.product[cut],
                reviewer=self._whole.reviewer[cut],
                stars=self._whole.stars[cut],
                event_ms=self._whole.event_ms[cut],
                rating_id=self._whole.rating_id[cut],
                slots=len(self._whole.position[cut]),
            )
