"""The stream as a whole: the same for the same options, however it is cut, whatever is added."""

from dataclasses import fields, replace
from hashlib import sha256
from itertools import islice

import numpy as np
import pytest

from starwatch.errors import BadSetting
from starwatch.generator import Chunk, Shop, ShopOptions
from starwatch.generator.text import csv_bytes
from starwatch.ratings.scale import Scale

# Several blocks in little time: a block is 65,536 ratings, here 3.3 s.
BUSY = ShopOptions(products=500, rate=20_000, span_ms=10_000, disorder_ms=3000, seed=7)
SMALL = ShopOptions(products=50, rate=20, span_ms=60_000, disorder_ms=3000, seed=7)
RICH = replace(SMALL, duplicates=0.05, malformed=0.05, incidents=4, rate=100)


def whole(options: ShopOptions, rows: int = 65_536) -> Chunk:
    return Chunk.concat([Chunk.empty(), *Shop(options).chunks(rows)])


def same(a: Chunk, b: Chunk) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(Chunk))


def text(options: ShopOptions) -> bytes:
    shop = Shop(options)
    return b"".join(bytes(csv_bytes(shop.columns(c, ids=True))) for c in shop.chunks())


def test_the_bytes_of_a_seed_never_change():
    assert text(RICH).count(b"\n") == 6757
    assert (
        sha256(text(RICH)).hexdigest()
        == "57c78e242fb8f2bbdf10ebe9646b27001aba65f2a50d0a0c91b2aa81ddd75d8d"
    )


def test_another_seed_is_another_shop():
    assert text(SMALL) == text(SMALL)
    assert text(SMALL) != text(replace(SMALL, seed=8))


@pytest.mark.parametrize("rows", [13, 1000, 65_536, 10_000_000])
def test_rows_do_not_depend_on_how_they_are_cut(rows):
    options = replace(BUSY, incidents=4, duplicates=0.01, malformed=0.01)
    chunks = list(Shop(options).chunks(rows))
    assert {len(chunk) for chunk in chunks[:-1]} <= {rows}
    assert same(Chunk.concat(chunks), whole(options))


@pytest.mark.parametrize("step_ms", [1, 250, 7000])
def test_live_steps_hold_the_same_rows(step_ms):
    options = replace(BUSY, incidents=2)
    steps = list(Shop(options).live(step_ms))
    assert same(Chunk.concat([step.rows for step in steps]), whole(options))
    for number, step in enumerate(steps[:-1], start=1):
        assert step.until_ms == options.start_ms + number * step_ms
        assert (step.rows.arrival_ms < step.until_ms).all()
        assert (step.rows.arrival_ms >= step.until_ms - step_ms).all()


def test_an_endless_shop_goes_on_and_begins_like_a_finite_one():
    endless = replace(BUSY, span_ms=None)
    steps = list(islice(Shop(endless).live(1000), 15))
    assert all(len(step.rows) > 15_000 for step in steps[3:])
    first = Chunk.concat([step.rows for step in steps[:6]])
    assert same(first, whole(BUSY).slice(0, len(first)))


def test_a_quiet_endless_shop_gives_empty_steps():
    shop = Shop(ShopOptions(products=200, rate=4, incident_every_ms=90_000))
    steps = list(islice(shop.live(200), 5 * 3600))
    assert 3.9 * 3600 < sum(len(step.rows) for step in steps) < 6 * 3600
    assert any(len(step.rows) == 0 for step in steps)


def test_rows_are_in_order_of_arrival_and_lag_by_the_disorder_at_most():
    rows = whole(replace(BUSY, duplicates=0.1, malformed=0.1, incidents=4))
    lag = rows.arrival_ms - rows.event_ms
    assert (np.diff(rows.arrival_ms) >= 0).all()
    assert (lag.min(), lag.max()) == (0, 3000)
    assert (np.maximum.accumulate(rows.event_ms) - rows.event_ms).max() <= 3000


def test_a_disorder_far_longer_than_a_block_holds_too():
    options = replace(BUSY, disorder_ms=40_000)
    rows = whole(options)
    assert (np.diff(rows.arrival_ms) >= 0).all()
    assert 39_900 < (rows.arrival_ms - rows.event_ms).max() <= 40_000
    assert len(rows) == len(whole(replace(options, disorder_ms=0)))


def test_without_disorder_event_times_rise():
    rows = whole(replace(RICH, disorder_ms=0))
    assert (np.diff(rows.event_ms) >= 0).all()
    assert np.array_equal(rows.event_ms, rows.arrival_ms)


def test_event_times_fill_the_span():
    rows = whole(BUSY)
    assert rows.event_ms.min() - BUSY.start_ms in range(10)
    assert rows.event_ms.max() - BUSY.start_ms in range(9990, 10_000)


def by_number(rows: Chunk) -> Chunk:
    usual = rows.take((rows.flaw == 0) & (rows.number < 1 << 63))
    first = np.unique(usual.number, return_index=True)[1]
    return usual.take(first)


def test_what_is_added_leaves_the_ratings_as_they_were():
    plain = by_number(whole(BUSY))
    for more in ({"duplicates": 0.1}, {"malformed": 0.1}):
        assert same(by_number(whole(replace(BUSY, **more))), plain)
    eventful = by_number(whole(replace(BUSY, incidents=4)))
    changed = np.flatnonzero(eventful.stars != plain.stars)
    assert same(replace(eventful, stars=plain.stars), plain)
    decline = next(Shop(replace(BUSY, incidents=4)).incidents())
    assert set(plain.product[changed]) == {decline.product}
    at = plain.event_ms[changed] - BUSY.start_ms
    assert (at >= decline.start_ms).all()
    assert (at < decline.end_ms).all()
    assert len(changed) > 20


def test_no_block_is_like_another():
    rows = by_number(whole(replace(BUSY, zipf=0.0)))
    first, second = (rows.take(rows.number >> 20 == block).slice(0, 60_000) for block in (0, 1))
    for name in ("event_ms", "product", "reviewer", "stars", "arrival_ms"):
        a, b = (getattr(part, name).astype(np.float64) for part in (first, second))
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.02, name


def test_copies_have_the_asked_shares():
    rows = whole(replace(BUSY, duplicates=0.05, malformed=0.02))
    sound = rows.take(rows.flaw == 0)
    ratings = len(np.unique(sound.number))
    assert (len(sound) - ratings) / ratings == pytest.approx(0.05, rel=0.05)
    assert (len(rows) - len(sound)) / ratings == pytest.approx(0.02, rel=0.05)
    assert np.bincount(rows.flaw, minlength=8)[1:].min() > 400


def test_repeats_come_after_their_originals_and_are_exact():
    rows = whole(replace(BUSY, duplicates=0.2))
    order = np.lexsort((np.arange(len(rows)), rows.number))
    again = np.flatnonzero(np.diff(rows.number[order]) == 0)
    first, second = rows.take(order[again]), rows.take(order[again + 1])
    assert (second.arrival_ms >= first.arrival_ms).all()
    assert (second.arrival_ms - first.arrival_ms).max() > 2000
    assert same(replace(second, arrival_ms=first.arrival_ms), first)


def test_rating_ids_are_unique_and_shared_by_repeats_only():
    shop = Shop(replace(BUSY, incidents=4, duplicates=0.05))
    rows = Chunk.concat(list(shop.chunks()))
    ids = shop.rating_ids(rows)
    assert len(ids.unique()) == len(np.unique(rows.number)) < len(rows)


def test_a_batch_holds_the_sound_rows_and_the_reasons_of_the_others():
    shop = Shop(RICH)
    rows = Chunk.concat(list(shop.chunks()))
    batch = shop.batch(rows, position=100, ids=True)
    assert len(batch) + len(batch.rejects) == len(rows)
    positions = np.concatenate((batch.position, [r.position for _, r in batch.rejects]))
    assert sorted(positions.tolist()) == list(range(100, 100 + len(rows)))
    assert len({reject.reason for _, reject in batch.rejects}) == 6
    sound = rows.take(rows.flaw == 0)
    assert batch.product.equals(shop.product_ids(sound))
    assert batch.reviewer.equals(shop.reviewer_ids(sound))
    assert np.array_equal(batch.stars, sound.stars)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"products": 0}, "--products 0 is not possible. It lies within 1 to 10,000,000"),
        ({"rate": 0.0}, "--rate 0.0"),
        ({"rate": float("nan")}, "--rate nan"),
        ({"span_ms": 0}, "--for 0ms"),
        ({"seed": -1}, "--seed -1"),
        ({"duplicates": 1.5}, "--duplicates 1.5"),
        ({"incidents": 3}, "endless"),
        ({"incidents": 3, "span_ms": 2000}, "do not fit"),
        ({"start_ms": -1}, "--start 1969-12-31T23:59:59.999Z"),
    ],
)
def test_options_that_cannot_be_are_refused(wrong, words):
    with pytest.raises(BadSetting, match=words):
        ShopOptions(**wrong)


def test_other_scales_have_their_own_steps():
    for label in ("0.5..5/0.5", "0..10", "0..1", "0..10/0.5"):
        scale = Scale.parse(label)
        rows = whole(replace(BUSY, scale=scale, span_ms=1000))
        assert set(rows.stars.tolist()) == set(range(scale.steps))


def test_stragglers_arrive_a_minute_or_two_late_and_are_else_the_same():
    usual = Chunk.concat(list(Shop(SMALL).chunks()))
    late = Chunk.concat(list(Shop(replace(SMALL, stragglers=0.05)).chunks()))
    delays = late.arrival_ms - late.event_ms
    straggling = delays > SMALL.disorder_ms
    assert 0.02 < straggling.mean() < 0.1
    assert 60_000 <= delays[straggling].min() <= delays.max() < 123_000 + SMALL.disorder_ms
    assert (np.diff(late.arrival_ms) >= 0).all()
    order, other = np.argsort(usual.number), np.argsort(late.number)
    for column in ("event_ms", "product", "reviewer", "stars", "number"):
        assert (getattr(usual, column)[order] == getattr(late, column)[other]).all()
    on_time = ~straggling[other]
    assert (usual.arrival_ms[order][on_time] == late.arrival_ms[other][on_time]).all()
