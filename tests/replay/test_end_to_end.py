"""Files through timeline and engine give the rows and books of the model on the brute timeline."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.brute import Bad, File, Options, Pause, Rate
from replay.playing import on_engine, on_model
from replay.readers import events_of
from replay.strategies import SIZES, files, options
from starwatch.engine import Engine
from starwatch.replay.events import Joins, Leaves
from starwatch.windows.job import Duplicates, Job, WindowTime
from starwatch.windows.spec import WindowSpec

WINDOWS = [
    WindowSpec(30_000, 5_000),
    WindowSpec(10_000, 10_000),
    WindowSpec(6_000, 2_000, 500),
    WindowSpec(9, 3),
    WindowSpec(1_000, 1_000),
]


@st.composite
def replays(draw, *, breaks: bool = False, max_slots: int = 12):
    """A job, files, how they are played, block sizes and rows a batch."""
    how = draw(options())
    if how.loop and how.limit is None:
        how = Options(
            **{name: getattr(how, name) for name in ("start", "slide", "interval")},
            speed=how.speed,
            by_file=how.by_file,
            loop=True,
            limit=draw(st.integers(1, 60)),
        )
    some = draw(files(breaks=breaks, max_slots=max_slots))
    if how.loop and not any(isinstance(s, Rate | Bad) for f in some for s in f.slots):
        some = [*some, File((Rate(event=5),))]
    windows = draw(st.lists(st.sampled_from(WINDOWS), min_size=1, max_size=3, unique=True))
    job = Job(
        windows=tuple(windows),
        time=WindowTime.EVENT if how.speed else draw(st.sampled_from(WindowTime)),
        bound_ms=draw(st.sampled_from([0, 0, 7, 5_000])),
        lateness_ms=draw(st.sampled_from([0, 0, 3, 5_000])),
        live=False,
        duplicates=draw(st.sampled_from(Duplicates)),
        max_entries=draw(st.sampled_from([3, 100])),
    )
    return job, some, how, draw(SIZES), draw(st.integers(1, 30))


def check(replay):
    job, some, how, sizes, batch_rows = replay
    expected = on_model(job, some, how)
    played = on_engine(job, some, sizes, how, batch_rows)
    assert played == expected
    assert played.books.balanced


@given(replays())
@settings(max_examples=150, deadline=None)
def test_rows_classes_and_books_are_the_models(replay):
    check(replay)


@given(replays(breaks=True))
@settings(max_examples=60, deadline=None)
def test_the_same_up_to_a_break(replay):
    check(replay)


@pytest.mark.slow
@given(replays(breaks=True, max_slots=30))
@settings(max_examples=2500, deadline=None)
def test_many_replays(replay):
    check(replay)


def watermarks(some, job):
    """The watermark behind every event, played row by row."""
    engine = Engine(job)
    for event in events_of(some, [[1]], Options(interval=Fraction(1_000)), 1):
        if isinstance(event, Joins):
            for partition in event.partitions:
                engine.join(partition)
        elif isinstance(event, Leaves):
            engine.leave(event.partition, event.at_ms)
        else:
            engine.ingest(event)
        yield event, engine.watermark_ms


@pytest.mark.parametrize("last", [Bad(), Pause(), Rate(event=1)])
def test_a_file_holds_the_watermark_from_the_start_until_its_last_row(last):
    ahead = [Rate(event=time) for time in (50_000, 60_000, 70_000, 80_000)]
    some = [File(tuple(ahead)), File((Pause(), Bad(), last))]
    job = Job((WindowSpec(1_000, 1_000),), bound_ms=0, live=False)
    told = list(watermarks(some, job))
    leaves = next(i for i, (e, _) in enumerate(told) if isinstance(e, Leaves) and e.partition == 1)
    assert told[leaves][0].at_ms == 2_000
    assert all(at is None or at == 1 for _, at in told[:leaves])
    assert told[leaves][1] == 70_000
    assert next(e.position.tolist() for e, _ in told[leaves + 1 :]) == [3]


def test_rows_of_later_files_in_the_slot_of_a_leave_come_after_it():
    """With the first file gone the second alone leads, so the third's rating is late."""
    some = [
        File((Rate(event=0), Bad())),
        File((Rate(event=0), Rate(event=9_000), Rate(event=9_000))),
        File((Rate(event=8_000), Rate(event=1))),
    ]
    job = Job((WindowSpec(1_000, 1_000),), bound_ms=0, live=False)
    played = on_engine(job, some, [[9]], Options(interval=Fraction(1)), 100)
    assert played.late == [(2, 1)]
