"""Windows drawn from panes by SQL, against what was emitted and against every single rating."""

import tempfile
from collections import defaultdict
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history.histories import histories, inside, time_of
from property.streams import PRODUCTS
from starwatch.cli.recomputing import rules_of
from starwatch.errors import BadWindow
from starwatch.history.drawable import nearest_to, tier_of
from starwatch.history.files import write_tables
from starwatch.history.panes import pane_tables
from starwatch.history.tiers import DAY_MS, HOUR_MS, MINUTE_MS, tiers_ms
from starwatch.ratings.means import mean_text
from starwatch.recompute.drawing import Drawing, PaneSource
from starwatch.recompute.ratings import open_database
from starwatch.recompute.rules import Stars, Windows
from starwatch.recompute.sql_drawing import FEW, Chosen
from starwatch.windows.spec import WindowSpec
from starwatch.windows.watermark import FOREVER


@pytest.fixture(scope="module")
def database():
    with open_database() as connection:
        connection.execute("SET threads = 1")
        yield connection


@contextmanager
def kept(history, tiers, cut):
    """The panes of a history: those of its first ratings in files, those of the others not."""
    table = pa.Table.from_batches([history.ratings])
    with tempfile.TemporaryDirectory() as folder:
        files = write_tables(Path(folder), history.job, table.slice(0, cut), "1-2")
        newest = pane_tables(table.slice(cut), history.job, sorted(tiers))
        yield {
            tier: PaneSource([Path(folder, f.name) for f in files if f.tier_ms == tier], panes)
            for tier, panes in newest
        }


def draw(database, history, specs, chosen, cut):
    """The rows as {(spec, product, end): stars}; what else a row says must follow from these."""
    job = history.job
    tiers = [tier_of(spec, tiers_ms(job.windows)) for spec in specs]
    windows = [Windows(w.label, w.size_ms, w.slide_ms, w.offset_ms) for w in specs]
    with kept(history, set(tiers), cut) as sources:
        drawing = Drawing(
            *(database, sources, list(zip(windows, tiers, strict=True)), rules_of(job).stars),
            chosen=chosen,
        )
        rows = [row for batch in drawing.batches(1000) for row in batch.to_pylist()]
        assert drawing.number(10**9) == len(rows)
    found = {}
    for row in rows:
        stars = tuple(row[f"s{step}"] for step in range(job.scale.steps))
        assert (row["count"], str(row["mean"])) == (sum(stars), mean_text(stars, job.scale))
        assert row["end_ms"] - row["start_ms"] == specs[row["spec"]].size_ms
        found[row["spec"], row["product"], row["end_ms"]] = stars
    order = [(row["end_ms"], row["spec"], row["product"].encode()) for row in rows]
    assert all(one < other for one, other in pairwise(order))
    return found


def brute(history, specs, chosen):
    """Every rating by itself into each of its windows."""
    job, sums = history.job, defaultdict(lambda: [0] * history.job.scale.steps)
    for row in inside(history.ratings):
        if chosen.products and row["product"] not in chosen.products:
            continue
        time, met = time_of(row, job), row["met_ms"]
        for number, spec in enumerate(specs):
            first = spec.last_end_at(time) + 1
            for end in map(spec.end_ms, range(first, first + spec.panes)):
                gone = chosen.emitted and met is not None and met >= end + job.lateness_ms
                early = chosen.from_ms is not None and end - spec.size_ms < chosen.from_ms
                if not (gone or early or end > chosen.upto_ms):
                    sums[number, row["product"], end][row["stars"]] += 1
    return {key: tuple(stars) for key, stars in sums.items()}


def emitted(history, upto):
    return Chosen(upto, emitted=True, lateness_ms=history.job.lateness_ms)


@given(histories(), st.integers(0, 60))
@settings(deadline=None, max_examples=50)
def test_the_windows_of_a_job_are_the_last_rows_that_it_emitted(database, history, cut):
    found = draw(database, history, history.job.windows, emitted(history, FOREVER), cut)
    assert found == history.newest


@given(histories(), st.integers(0, 60))
@settings(deadline=None, max_examples=50)
def test_windows_that_are_open_are_not_drawn(database, history, cut):
    if history.watermark_ms is None:
        return
    chosen = emitted(history, history.watermark_ms)
    assert draw(database, history, history.job.windows, chosen, cut) == history.closed


@st.composite
def other_windows(draw, job):
    """Windows of whole panes, few of them or so many that other SQL draws them."""
    tier = draw(st.sampled_from(tiers_ms(job.windows)[:2]))
    slide = tier * draw(st.integers(1, 4))
    many = draw(st.sampled_from([1, 2, FEW, FEW + 1, 40, 300]))
    return WindowSpec(slide * many, slide, tier * draw(st.integers(0, slide // tier - 1)))


def edges(history, spec):
    """Moments at the edges of windows with ratings, and beside them."""
    times = [time_of(row, history.job) for row in inside(history.ratings)] or [0]
    return st.builds(
        lambda time, later, beside: spec.end_ms(spec.last_end_at(time) + later) + beside,
        *(st.sampled_from(times), st.integers(-2, 2), st.sampled_from([0, 0, 0, -1, 1])),
    )


@given(st.data())
@settings(deadline=None, max_examples=50)
def test_other_windows_are_those_of_every_single_rating(database, data):
    history = data.draw(histories())
    specs = data.draw(st.lists(other_windows(history.job), min_size=1, max_size=2, unique=True))
    moments = edges(history, specs[0])
    chosen = Chosen(
        data.draw(st.one_of(st.just(FOREVER), moments)),
        data.draw(st.one_of(st.none(), moments)),
        tuple(data.draw(st.lists(st.sampled_from(PRODUCTS), max_size=2))),
        data.draw(st.booleans()),
        history.job.lateness_ms,
    )
    found = draw(database, history, specs, chosen, data.draw(st.integers(0, 60)))
    assert found == brute(history, specs, chosen)


KEPT = (5_000, MINUTE_MS, HOUR_MS, DAY_MS)


@pytest.mark.parametrize(
    ("label", "tier"),
    [
        ("30s/5s", 5_000),
        ("1h/5m", MINUTE_MS),
        ("1h/5m+1m", MINUTE_MS),
        ("1d/1h", HOUR_MS),
        ("1d/1d+6h", HOUR_MS),
        ("30d/1d", DAY_MS),
    ],
)
def test_windows_are_drawn_from_the_longest_panes(label, tier):
    assert tier_of(WindowSpec.parse(label), KEPT) == tier


@pytest.mark.parametrize(
    ("label", "why", "nearest"),
    [
        ("7s", "their size of 7s is no multiple of any", ["5s/5s", "10s/10s"]),
        ("30s/3s", "their slide of 3s is no multiple of any", ["30s/5s"]),
        ("1h/5m+3s", "their offset of 3s is no multiple of any", ["1h/5m+5s", "1h/5m"]),
    ],
)
def test_other_windows_are_refused_with_the_reason_and_the_nearest(label, why, nearest):
    with pytest.raises(BadWindow) as refused:
        tier_of(WindowSpec.parse(label), KEPT)
    assert str(refused.value) == (
        f"the windows {WindowSpec.parse(label).label} cannot be put together of panes of"
        f" 5s, 1m, 1h, 1d: {why}. The nearest that can: {' or '.join(nearest)}"
    )


def test_a_window_of_which_no_pane_divides_all_parts_is_refused():
    with pytest.raises(BadWindow, match="size, slide and offset are not multiples of the same"):
        tier_of(WindowSpec.parse("1m+7s"), (7_000, MINUTE_MS))


@given(st.integers(1, 10**9), st.integers(1, 50), st.data())
def test_the_nearest_windows_can_be_drawn(slide, many, data):
    spec = WindowSpec(slide * many, slide, data.draw(st.integers(0, slide - 1)))
    near = nearest_to(spec, KEPT)
    assert near
    assert all(tier_of(each, KEPT) for each in near)


def panes_table(*panes):
    """Panes as (product, start, met, stars of each step)."""
    schema = pa.schema(
        [("product", pa.string()), ("start_ms", pa.int64()), ("met_ms", pa.int64())]
        + [(f"stars_{star}", pa.uint32()) for star in range(1, 6)]
    )
    return pa.table(list(map(list, zip(*panes, strict=True))), schema=schema)


def drawn(database, table, windows, chosen):
    """The rows of windows that are drawn from panes of five seconds."""
    sources = {5_000: PaneSource([], table)}
    drawing = Drawing(database, sources, [(windows, 5_000)], Stars(), chosen=chosen)
    return [row for batch in drawing.batches(1000) for row in batch.to_pylist()]


@pytest.mark.parametrize("many", [2, FEW, FEW + 1, 300])
def test_what_came_after_all_its_windows_takes_nothing_from_others(database, many):
    table = panes_table(
        ("p", 0, None, 1, 0, 0, 0, 0),
        ("p", 0, 10_000_000, 0, 1, 0, 0, 0),
        ("p", 5_000 * many, None, 0, 0, 1, 0, 0),
        ("p", 5_000 * (many + 2), None, 0, 0, 0, 1, 0),
    )
    windows = Windows(f"{5 * many}s/5s", 5_000 * many, 5_000)
    rows = drawn(database, table, windows, Chosen(FOREVER, emitted=True))
    sums = [sum(row[f"s{step}"] for row in rows) for step in range(5)]
    assert sums == [many, 0, many, many, 0]
    late = drawn(database, table, windows, Chosen(FOREVER))
    assert [sum(row[f"s{step}"] for row in late) for step in range(5)] == [
        many,
        many,
        many,
        many,
        0,
    ]


@pytest.mark.parametrize("many", [2, FEW + 1])
def test_from_and_to_are_within(database, many):
    table = panes_table(*(("p", 5_000 * n, None, 1, 0, 0, 0, 0) for n in range(100)))
    windows = Windows(f"{5 * many}s/5s", 5_000 * many, 5_000)
    size = windows.size_ms
    for begin, end in ((50_000, 300_000), (49_999, 300_001), (50_001, 299_999)):
        rows = drawn(database, table, windows, Chosen(end, begin))
        first, last = -(-begin // 5_000) * 5_000, end // 5_000 * 5_000
        assert [row["end_ms"] for row in rows] == list(range(first + size, last + 1, 5_000))
        assert {row["count"] for row in rows} == {many}


def test_the_sum_of_panes_may_be_beyond_32_bits(database):
    most = 2**32 - 1
    table = panes_table(("p", 0, None, most, 0, 0, most, 0), ("p", 5_000, None, 0, 0, 0, most, 0))
    (*_, row) = drawn(database, table, Windows("10s/5s", 10_000, 5_000), Chosen(10_000))
    assert (row["count"], Fraction(row["mean"])) == (3 * most, Fraction(3))
