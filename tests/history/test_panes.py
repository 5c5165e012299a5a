"""Panes against windows drawn one by one: what was emitted, and what there was in all."""

from collections import Counter, defaultdict
from math import gcd

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from history.histories import histories, inside, time_of
from starwatch.admission.ledger import Class
from starwatch.history.panes import pane_schema, pane_tables
from starwatch.history.tiers import DAY_MS, HOUR_MS, MINUTE_MS, tier_for, tiers_ms
from starwatch.journal.entries import SCHEMA
from starwatch.windows.job import Job
from starwatch.windows.spec import WindowSpec


def stars_of(table):
    """Each pane as (product, start, met, stars)."""
    names = [name for name in table.schema.names if name.startswith("stars_")]
    return [
        (row["product"], row["start_ms"], row["met_ms"], tuple(row[name] for name in names))
        for row in table.to_pylist()
    ]


def window(panes, job, spec, end, *, emitted):
    """The histograms of all products in one window, drawn from panes."""
    sums = defaultdict(Counter)
    for product, start, met, stars in panes:
        gone = met is not None and met >= end + job.lateness_ms
        if end - spec.size_ms <= start < end and not (emitted and gone):
            sums[product].update(dict(enumerate(stars)))
    steps = range(job.scale.steps)
    return {product: tuple(each[step] for step in steps) for product, each in sums.items()}


@settings(deadline=None)
@given(histories())
def test_emitted_windows_are_drawn_from_panes_to_the_digit(history):
    job, ratings, newest = history.job, history.ratings, history.newest
    ((_, table),) = pane_tables(pa.Table.from_batches([ratings]), job, tiers_ms(job.windows)[:1])
    panes = stars_of(table)
    ends = {(spec, end) for spec, _, end in newest}
    drawn = {
        (spec, product, end): stars
        for spec, end in ends
        for product, stars in window(panes, job, job.windows[spec], end, emitted=True).items()
    }
    assert drawn == newest


@settings(deadline=None)
@given(histories(), st.sampled_from([0, 1, 2, 3]))
def test_complete_panes_hold_every_rating_that_is_no_duplicate(history, which):
    job, ratings = history.job, history.ratings
    tiers = tiers_ms(job.windows)
    tier = tiers[min(which, len(tiers) - 1)]
    table = dict(pane_tables(pa.Table.from_batches([ratings]), job, tiers))[tier]
    expected = Counter(
        (row["product"], time_of(row, job) // tier * tier, row["stars"]) for row in inside(ratings)
    )
    found = Counter()
    for product, start, _, stars in stars_of(table):
        found.update({(product, start, star): n for star, n in enumerate(stars) if n})
    assert found == expected


@settings(deadline=None)
@given(histories())
def test_longer_panes_are_the_same_from_shorter_ones_and_from_ratings(history):
    job, ratings = history.job, history.ratings
    table = pa.Table.from_batches([ratings])
    for tier, panes in pane_tables(table, job, tiers_ms(job.windows)):
        ((_, alone),) = pane_tables(table, job, [tier])
        assert panes.equals(alone)
        keys = [
            (product.encode(), start, -1 if met is None else met)
            for product, start, met, _ in stars_of(panes)
        ]
        assert keys == sorted(set(keys))


@settings(deadline=None)
@given(histories())
def test_the_watermark_met_is_past_the_pane_and_lies_on_an_edge(history):
    job, ratings = history.job, history.ratings
    for tier, table in pane_tables(pa.Table.from_batches([ratings]), job, tiers_ms(job.windows)):
        for _, start, met, _ in stars_of(table):
            assert start % tier == 0
            if met is not None:
                assert met >= start + tier + job.lateness_ms
                assert (met - job.lateness_ms) % tier == 0


def test_a_rating_behind_the_watermark_stands_apart():
    """One star in [0, 5 s) comes in time, two stars at 7 s, three when nothing takes them."""
    stars, times, met = [0, 1, 2], [1000, 1000, 1000], [None, 7_000, 31_000]
    columns = {
        **dict.fromkeys(("arrival_ms", "event_ms"), times),
        "partition": [0] * 3,
        "position": [0, 1, 2],
        "stars": stars,
        "met_ms": met,
        "class": [Class.COUNTED, Class.COUNTED, Class.LATE],
        **dict.fromkeys(("product", "reviewer", "rating_id"), ["p"] * 3),
    }
    job = Job(lateness_ms=500)
    ((_, table),) = pane_tables(pa.table(columns, schema=SCHEMA), job, [5000])
    assert stars_of(table) == [
        ("p", 0, None, (1, 0, 0, 0, 0)),
        ("p", 0, 5_500, (0, 1, 0, 0, 0)),
        ("p", 0, 30_500, (0, 0, 1, 0, 0)),
    ]


def test_no_ratings_are_no_panes():
    for _, table in pane_tables(SCHEMA.empty_table(), Job(), [5000, MINUTE_MS]):
        assert table.num_rows == 0
        assert table.schema == pane_schema(Job().scale)


def test_tiers_fit_every_window_of_a_job():
    windows = [WindowSpec(30_000, 5_000), WindowSpec(60_000, 20_000, 2_000)]
    assert tiers_ms(windows) == (1_000, MINUTE_MS, HOUR_MS, DAY_MS)
    assert tiers_ms([WindowSpec(30 * DAY_MS, DAY_MS)]) == (MINUTE_MS, HOUR_MS, DAY_MS)
    for spec in windows:
        assert gcd(spec.size_ms, spec.slide_ms, spec.offset_ms) % tiers_ms(windows)[0] == 0


def test_the_longest_pane_that_fits_is_taken():
    kept = (5_000, MINUTE_MS, HOUR_MS, DAY_MS)
    assert tier_for(HOUR_MS, 5 * MINUTE_MS, 0, kept) == MINUTE_MS
    assert tier_for(DAY_MS, DAY_MS, 0, kept) == DAY_MS
    assert tier_for(DAY_MS, DAY_MS, HOUR_MS, kept) == HOUR_MS
    assert tier_for(30_000, 5_000, 0, kept) == 5_000
    assert tier_for(7_000, 7_000, 0, kept) is None
