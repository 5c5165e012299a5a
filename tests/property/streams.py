"""Random jobs and random streams for them, as hypothesis strategies."""

from dataclasses import dataclass

from hypothesis import strategies as st

from starwatch.ratings.scale import Scale
from starwatch.windows.job import Duplicates, Job, Quiet, WindowTime
from starwatch.windows.spec import WindowSpec

SCALES = [Scale(), Scale.parse("0.5..5/0.5"), Scale.parse("0..1"), Scale.parse("-2..2")]
PRODUCTS = ["A", "Z", "a", "é", "0000143502", "143502", "\U0001f600", "￿"]


@dataclass(frozen=True)
class Rate:
    """A rating that comes `gap` ms after the step before, `delay` ms behind its own time."""

    gap: int
    partition: int
    product: str
    reviewer: str
    star: int
    delay: int | None
    rating_id: str


@dataclass(frozen=True)
class Call:
    """Any other call: `name` of the engine's method, for a partition, after `gap` ms."""

    name: str
    gap: int
    partition: int = 0


@st.composite
def specs(draw) -> WindowSpec:
    slide = draw(st.integers(1, 40)) * draw(st.sampled_from([1, 25, 100]))
    return WindowSpec(slide * draw(st.integers(1, 6)), slide, draw(st.integers(0, slide - 1)))


@st.composite
def jobs(draw) -> Job:
    return Job(
        windows=tuple(draw(st.lists(specs(), min_size=1, max_size=3, unique=True))),
        scale=draw(st.sampled_from(SCALES)),
        time=draw(st.sampled_from(WindowTime)),
        bound_ms=draw(st.sampled_from([0, 0, 7, 500, 3000])),
        lateness_ms=draw(st.sampled_from([0, 0, 1, 300, 5000])),
        quiet=draw(st.sampled_from(Quiet)),
        live=draw(st.booleans()),
        duplicates=draw(st.sampled_from(Duplicates)),
        horizon_ms=draw(st.sampled_from([0, 400, 5000, 3_600_000])),
        max_entries=draw(st.sampled_from([1, 3, 100])),
        oldest_ms=draw(st.sampled_from([None, None, 99_000])),
        ahead_ms=draw(st.sampled_from([None, None, 500])),
    )


def rates(partitions: int, steps: int):
    return st.builds(
        Rate,
        gap=st.sampled_from([0, 0, 1, 30, 400, 1000, 1500, 61_000]),
        partition=st.integers(0, partitions - 1),
        product=st.sampled_from(PRODUCTS),
        reviewer=st.sampled_from(["", "u", "v"]),
        star=st.integers(0, steps - 1),
        delay=st.one_of(st.none(), st.integers(-800, 4000)),
        rating_id=st.sampled_from(["", "", "1", "2"]),
    )


def calls(partitions: int):
    return st.builds(
        Call,
        name=st.sampled_from(
            ["advance", "reject", "caught_up", "behind", "connected", "disconnected", "restart"]
        ),
        gap=st.sampled_from([0, 1, 999, 1000, 5000, 60_001]),
        partition=st.integers(0, partitions - 1),
    )


@st.composite
def streams(draw, max_size: int = 40):
    """A job, whether each of its partitions is caught up, and what happens step by step."""
    job = draw(jobs())
    caught_up = draw(st.lists(st.booleans(), min_size=1, max_size=3))
    partitions = len(caught_up)
    step = st.one_of(rates(partitions, job.scale.steps), calls(partitions))
    mostly = st.one_of(rates(partitions, job.scale.steps), step)
    size = draw(st.integers(0, max_size))  # lists of free length are mostly very short
    return job, caught_up, draw(st.lists(mostly, min_size=size, max_size=size))
