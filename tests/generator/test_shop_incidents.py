"""Incidents: where they lie, and that they can be seen in the ratings."""

from itertools import islice, pairwise

import numpy as np
import pytest

from starwatch.generator import Chunk, Shop, ShopOptions
from starwatch.generator.incidents import Incident, Kind

MINUTE = 60_000
OPTIONS = ShopOptions(products=300, rate=300, span_ms=20 * MINUTE, incidents=8, seed=11)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop(OPTIONS)


@pytest.fixture(scope="module")
def rows(shop: Shop) -> Chunk:
    return Chunk.concat(list(shop.chunks()))


def during(rows: Chunk, incident: Incident) -> Chunk:
    at = rows.event_ms - OPTIONS.start_ms
    inside = (at >= incident.start_ms) & (at < incident.end_ms)
    return rows.take(inside & (rows.product == incident.product))


def before(rows: Chunk, incident: Incident) -> Chunk:
    at = rows.event_ms - OPTIONS.start_ms
    first = incident.index * OPTIONS.incident_slot_ms
    return rows.take((at < incident.start_ms) & (at >= first) & (rows.product == incident.product))


def of_kind(shop: Shop, kind: Kind) -> list[Incident]:
    found = [incident for incident in shop.incidents() if incident.kind is kind]
    assert len(found) == 2
    return found


def test_they_are_spread_over_the_span_and_never_overlap(shop):
    incidents = list(shop.incidents())
    assert [incident.index for incident in incidents] == list(range(8))
    assert incidents[0].start_ms > 0
    assert incidents[-1].end_ms < OPTIONS.span_ms
    for incident, after in pairwise(incidents):
        assert incident.start_ms < incident.end_ms < after.start_ms


def test_a_declining_product_loses_stars_but_no_ratings(shop, rows):
    for incident in of_kind(shop, Kind.DECLINE):
        inside, outside = during(rows, incident), before(rows, incident)
        late = inside.event_ms - OPTIONS.start_ms > (incident.start_ms + incident.end_ms) // 2
        assert inside.stars[late].mean() < rows.stars[rows.product == incident.product].mean() - 0.5
        assert incident.worse(np.array([incident.start_ms, incident.end_ms])).tolist() == [0, 0.9]
        assert not (inside.number >> 63).any()
        assert len(outside)


def test_a_bombing_is_a_burst_of_lowest_stars_from_newcomers(shop, rows):
    for incident in of_kind(shop, Kind.BOMBING):
        inside = during(rows, incident)
        extra = inside.take(inside.number >= 1 << 63)
        expected = incident.extra_rate * (incident.end_ms - incident.start_ms) / 1000
        assert len(extra) == pytest.approx(expected, abs=4 * expected**0.5)
        assert (extra.stars == 0).all()
        assert (extra.reviewer >= OPTIONS.pool).all()
        assert len(np.unique(extra.reviewer)) == len(extra)
        ids = shop.reviewer_ids(rows).filter(rows.reviewer < OPTIONS.pool).unique()
        assert not set(shop.reviewer_ids(extra).to_pylist()) & set(ids.to_pylist())


def test_a_boost_is_a_burst_of_highest_stars(shop, rows):
    for incident in of_kind(shop, Kind.BOOST):
        inside = during(rows, incident)
        assert (inside.stars == 4).mean() > 0.75
        assert len(inside) >= 40


def test_popularity_changes_the_rate_and_not_the_stars(shop, rows):
    for incident in of_kind(shop, Kind.POPULARITY):
        inside = during(rows, incident)
        extra = inside.number >= 1 << 63
        assert extra.mean() > 0.8
        assert (inside.reviewer < OPTIONS.pool).all()
        usual = rows.take((rows.product == incident.product) & (rows.number < 1 << 63))
        assert inside.stars[extra].mean() == pytest.approx(usual.stars.mean(), abs=0.4)


def test_outside_of_incidents_nothing_is_added(shop, rows):
    extra = rows.take(rows.number >= 1 << 63)
    at = extra.event_ms - OPTIONS.start_ms
    inside = np.zeros(len(extra), dtype=bool)
    for incident in shop.incidents():
        same = extra.product == incident.product
        inside |= same & (at >= incident.start_ms) & (at < incident.end_ms)
    assert inside.all()


def test_an_endless_shop_has_one_in_each_stretch_without_end():
    endless = Shop(ShopOptions(products=200, rate=4, incident_every_ms=90_000))
    found = list(islice(endless.incidents(), 1000))
    assert [incident.start_ms // 90_000 for incident in found] == list(range(1000))
    assert len({incident.product for incident in found}) > 20


def test_a_shop_of_one_product_can_have_incidents():
    tiny = ShopOptions(products=1, rate=1, span_ms=MINUTE, incidents=4)
    assert {incident.product for incident in Shop(tiny).incidents()} == {0}
    assert sum(map(len, Shop(tiny).chunks())) > 100
