"""Random files and options, as hypothesis strategies."""

from fractions import Fraction

from hypothesis import strategies as st

from replay.brute import Bad, File, Options, Pause, Rate
from starwatch.ratings.rejects import Reason

INTERVALS = [Fraction(1000), Fraction(1), Fraction(1, 3), Fraction(7, 2), Fraction(1000, 7)]
SPEEDS = [Fraction(1), Fraction(1, 3), Fraction(7, 2), Fraction(60), Fraction(1000, 7)]
SIZES = st.lists(
    st.lists(st.integers(0, 6), min_size=1, max_size=4).filter(sum), min_size=1, max_size=3
)

rates = st.builds(
    Rate,
    product=st.sampled_from(["A", "B", "é", "0000143502"]),
    reviewer=st.sampled_from(["", "u", "v"]),
    star=st.integers(0, 4),
    event=st.one_of(st.none(), st.integers(0, 9), st.integers(-5_000, 60_000)),
    rating_id=st.sampled_from(["", "", "1", "2"]),
)
nameless = st.builds(Rate, event=st.integers(0, 3_000))
others = st.one_of(
    st.just(Pause()), st.builds(Bad, st.sampled_from([Reason.OFF_SCALE, Reason.UNREADABLE]))
)
slots = st.one_of(rates, rates, nameless, others)


def files(*, max_files: int = 4, max_slots: int = 12, breaks: bool = False):
    broken = st.booleans() if breaks else st.just(False)
    one = st.builds(File, st.lists(st.one_of(slots, others), max_size=max_slots).map(tuple), broken)
    return st.lists(one, max_size=max_files)


@st.composite
def options(draw, *, by_time: bool | None = None) -> Options:
    timed = draw(st.booleans()) if by_time is None else by_time
    return Options(
        start=draw(st.sampled_from([0, 100_000, 1_600_000_000_000])),
        slide=draw(st.sampled_from([1, 100, 5_000])),
        interval=None if timed else draw(st.sampled_from(INTERVALS)),
        speed=draw(st.sampled_from(SPEEDS)) if timed else None,
        by_file=draw(st.booleans()),
        loop=draw(st.booleans()),
        limit=draw(st.one_of(st.none(), st.integers(1, 40))),
    )
