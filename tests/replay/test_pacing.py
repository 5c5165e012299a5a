"""Real time: nothing before it is due, everything when it is, and an end at once when asked."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.brute import Bad, File, Options, Pause, Rate, Rated, Refused, happenings
from replay.playing import Rows
from replay.readers import events_of
from replay.strategies import SIZES, files
from starwatch.engine import Engine
from starwatch.service.outputs import Outputs
from starwatch.service.pacing import Pacing
from starwatch.service.replaying import Keeping, Replay, Unseen
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec

START = 100_000


@dataclass
class Time:
    """A clock and a stop in one: to wait is to let time pass."""

    seconds: float = 70.0
    ends_at: float = float("inf")
    waits: list[float] = field(default_factory=list)
    asked: int = 0

    def __call__(self) -> float:
        self.asked += 1
        assert self.asked < 5_000, "time is asked for again and again, and nobody waits"
        return self.seconds

    def is_set(self) -> bool:
        return self.seconds >= self.ends_at

    def set(self) -> None:
        self.ends_at = self.seconds

    def wait(self, seconds: float) -> None:
        assert not self.is_set()
        self.waits.append(seconds)
        self.seconds = max(self.seconds, min(self.seconds + seconds, self.ends_at))

    @property
    def virtual_ms(self) -> float:
        return START + (self.seconds - 70.0) * 1000


class Noted(Engine):
    """An engine that notes when it was told what."""

    def __init__(self, job: Job, time: Time) -> None:
        super().__init__(job)
        self.time = time
        self.heard: list[tuple[float, int, int]] = []
        self.left: list[tuple[float, int]] = []

    def ingest(self, batch, /):
        told = [*zip(batch.partition.tolist(), batch.position.tolist(), strict=True)]
        told += [(file, reject.position) for file, reject in batch.rejects]
        self.heard += [(self.time.virtual_ms, *place) for place in told]
        return super().ingest(batch)

    def leave(self, partition, now_ms, /):
        self.left.append((self.time.virtual_ms, now_ms))
        return super().leave(partition, now_ms)


HOUR = Job((WindowSpec(3_600_000, 3_600_000),), time=WindowTime.ARRIVAL, bound_ms=0, live=False)


def play(some, how: Options, *, sizes=(), batch_rows=1 << 18, **wishes):
    time = Time(ends_at=wishes.get("ends_at", float("inf")))
    engine = Noted(replace(HOUR, merged=how.speed is not None), time)
    rows: list = []
    replay = Replay(
        engine,
        Outputs([Rows(rows, engine)]),
        pacing=Pacing(START, time, time),
        stop=time,
        view=wishes.get("view"),
        batch_rows=batch_rows,
    )
    ended = replay.run(events_of(some, sizes, how, 50))
    return ended, engine, time, rows


EVERY = Options(start=START, interval=Fraction(1_000))


@st.composite
def paces(draw) -> Options:
    if draw(st.booleans()):
        interval = draw(st.sampled_from([Fraction(1000), Fraction(7, 2)]))
        return Options(start=START, interval=interval)
    return Options(start=START, speed=Fraction(60), by_file=draw(st.booleans()))


@given(files(), paces(), SIZES, st.integers(1, 9))
@settings(max_examples=120, deadline=None)
def test_everything_comes_when_it_is_due(some, how, sizes, batch_rows):
    ended, engine, _, _ = play(some, how, sizes=sizes, batch_rows=batch_rows)
    assert ended
    due = [
        (what.row, START if what.arrival is None else what.arrival)
        for what in happenings(some, how)
        if isinstance(what, Rated | Refused)
    ]
    heard = [(row, at) for at, _, row in engine.heard]
    for (row, at), (wanted, due_ms) in zip(sorted(heard), sorted(due), strict=True):
        assert row == wanted
        assert due_ms <= at <= due_ms + 1.5
    for at, due_ms in engine.left:
        assert due_ms <= at <= due_ms + 1.5


@pytest.mark.parametrize("slot", [Bad(), Rate(), Pause()])
def test_a_replay_lasts_as_long_as_its_rows_whatever_they_are(slot):
    _, engine, time, _ = play([File((slot,) * 11)], EVERY)
    assert time.virtual_ms - START == pytest.approx(10_000, abs=1.5)
    assert all(b[0] - a[0] == pytest.approx(1_000, abs=2) for a, b in pairwise(engine.heard))


def test_what_was_missed_meanwhile_comes_at_once():
    class Slow(Unseen):
        """Drawing takes long, once."""

        drawn = 0

        def refresh_if_due(self, now, engine):  # noqa: ARG002
            self.drawn += 1
            if self.drawn == 3:
                engine.time.seconds += 5.5

    _, engine, _, _ = play([File((Rate(),) * 10)], EVERY, view=Slow())
    times = [at for at, _, _ in engine.heard]
    assert times.count(max(times, key=times.count)) >= 5
    assert len(times) == 10


@given(st.floats(0, 10.99))
@settings(max_examples=50, deadline=None)
def test_an_end_that_is_asked_for_comes_at_once_and_closes_nothing(seconds):
    some = [File((Rate(), Bad(), Pause()) * 4), File((Rate(),) * 11)]
    ended, engine, time, rows = play(some, EVERY, ends_at=70.0 + seconds)
    assert not ended
    assert time.seconds == 70.0 + seconds
    assert all(at <= time.virtual_ms for at, _, _ in engine.heard)
    assert rows == []
    assert engine.books().balanced


def test_the_last_wait_of_a_replay_ends_when_asked():
    ended, _, time, _ = play([File((Rate(), *(Pause(),) * 100))], EVERY, ends_at=75.0)
    assert not ended
    assert time.seconds == 75.0


def test_a_view_that_quits_ends_the_replay():
    class Impatient(Unseen):
        quit = False

        def refresh_if_due(self, now, engine):  # noqa: ARG002
            self.quit = len(engine.heard) >= 3

    ended, engine, _, rows = play([File((Rate(),) * 10)], EVERY, view=Impatient())
    assert (ended, len(engine.heard), rows) == (False, 3, [])


def test_rows_are_flushed_before_a_rest():
    order: list[str] = []

    class Sink(Rows):
        def flush(self):
            order.append("flush")

    class Resting(Time):
        def wait(self, seconds):
            order.append("wait")
            super().wait(seconds)

    time = Resting()
    engine = Noted(Job((WindowSpec(1_000, 1_000),), time=WindowTime.ARRIVAL, bound_ms=0), time)
    outputs = Outputs([Sink([], engine)])
    Replay(engine, outputs, pacing=Pacing(START, time, time), stop=time).run(
        events_of([File((Rate(),) * 3)], (), EVERY, 50)
    )
    assert order[0] == "flush"
    assert order[-1] == "flush"
    assert "wait" in order


def test_rejects_and_late_ratings_are_kept_as_they_come():
    time, refused, late = Time(), [], []
    job = Job((WindowSpec(1_000, 1_000),), bound_ms=0, live=False)
    engine = Noted(job, time)
    replay = Replay(
        engine,
        Outputs([]),
        pacing=Pacing(START, time, time),
        stop=time,
        keeping=Keeping(
            lambda some: refused.extend((time.virtual_ms, r.position) for _, r in some),
            lambda some: late.extend(some.position.tolist()),
        ),
    )
    slots = (Rate(event=9_000), Bad(), Pause(), Bad(), Rate(event=1_000))
    assert replay.run(events_of([File(slots)], (), EVERY, 50))
    assert [row for _, row in refused] == [1, 3]
    assert [at for at, _ in refused] == pytest.approx([101_000, 103_000], abs=1.5)
    assert late == [4]


def test_rejects_stay_among_their_rows_however_few_are_taken_at_once():
    time = Time(seconds=1_000_000.0)  # all is due
    engine = Noted(HOUR, time)
    pacing = Pacing(START, time, time)
    assert pacing.now_ms == START
    time.seconds += 1_000_000.0
    slots = (Rate(), Bad(), Rate(), Pause(), Rate(), Bad(), Bad(), Rate())
    events = events_of([File(slots)], (), EVERY, 50)
    Replay(engine, Outputs([]), pacing=pacing, stop=time, batch_rows=2).run(events)
    assert [row for _, _, row in engine.heard] == [0, 2, 1, 4, 7, 5, 6]


def test_due_counts_what_has_come():
    time = Time()
    pacing = Pacing(START, time, time)
    arrivals = np.array([START - 1, START, START, START + 1, START + 500])
    assert pacing.due(arrivals) == 3
    time.seconds += 0.4999
    assert pacing.due(arrivals) == 4
    time.seconds += 0.0002
    assert pacing.due(arrivals) == 5


def test_a_wait_is_cut_and_never_backwards():
    time = Time()
    pacing = Pacing(START, time, time)
    pacing.wait(START - 5, 9.0)
    assert time.waits == []
    pacing.wait(START + 60_000, 0.25)
    pacing.wait(START + 300, 9.0)
    assert time.waits == pytest.approx([0.25, 0.05], abs=0.001)
