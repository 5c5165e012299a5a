"""The model against cases small enough to be worked out by hand."""

import pytest

from model import Model, Rating
from starwatch.admission.ledger import Class, SpecBook
from starwatch.ratings.rejects import Reason
from starwatch.windows.job import Duplicates, Job, Quiet, WindowTime
from starwatch.windows.spec import WindowSpec

TEN = WindowSpec(10_000, 10_000)
HOPPING = WindowSpec(30_000, 5_000)


def model(*, caught_up=False, partitions=1, **rules):
    rules.setdefault("windows", (TEN,))
    rules.setdefault("bound_ms", 0)
    made = Model(Job(**rules))
    for partition in range(partitions):
        made.join(partition, caught_up=caught_up)
    return made


def rating(arrival, event=None, *, star=4, **fields):
    usual = {"partition": 0, "position": 0, "product": "A", "reviewer": ""}
    return Rating(arrival_ms=arrival, event_ms=event, star_index=star, **(usual | fields))


def ends(rows):
    return [(product, end, sum(stars), revision) for _, product, end, stars, revision in rows]


def test_a_window_closes_when_the_watermark_reaches_its_end_and_not_a_millisecond_before():
    m = model()
    assert m.rate(rating(0, 0)) == (Class.COUNTED, [])
    assert m.rate(rating(9_999, 9_999, star=3)) == (Class.COUNTED, [])
    assert m.rate(rating(10_000, 10_000)) == (
        Class.COUNTED,
        [(0, "A", 10_000, (0, 0, 0, 1, 1), 0)],
    )


def test_a_rating_belongs_to_six_windows_of_thirty_seconds_by_five():
    m = model(windows=(HOPPING,))
    m.rate(rating(5_000, 5_000))
    rows = m.finish()
    assert [end for _, _, end, _, _ in rows] == [10_000, 15_000, 20_000, 25_000, 30_000, 35_000]
    assert m.books().specs == (SpecBook(expected=6, closed=6, open=0, missed=0),)


def test_the_bound_holds_the_watermark_back():
    m = model(bound_ms=5_000)
    m.rate(rating(12_000, 12_000))
    assert m.watermark_ms == 7_000
    assert m.rate(rating(12_001, 9_000))[0] is Class.COUNTED
    assert ends(m.rate(rating(15_000, 15_000))[1]) == [("A", 10_000, 1, 0)]


def test_a_rating_whose_windows_are_all_gone_is_late_and_misses_nothing():
    m = model()
    m.rate(rating(10_000, 10_000))
    assert m.rate(rating(10_001, 9_999)) == (Class.LATE, [])
    assert m.books().late == 1
    assert m.books().specs == (SpecBook(expected=1, closed=0, open=1, missed=0),)


def test_a_partly_late_rating_counts_and_misses_its_gone_windows():
    m = model(windows=(WindowSpec(20_000, 10_000),))
    m.rate(rating(10_000, 10_000))
    assert m.rate(rating(10_001, 9_999)) == (Class.COUNTED, [])
    assert m.books().specs == (SpecBook(expected=4, closed=0, open=3, missed=1),)


def test_a_correction_is_a_whole_row_with_the_next_revision():
    m = model(lateness_ms=5_000)
    m.rate(rating(1_000, 1_000))
    m.rate(rating(10_000, 10_000))
    assert m.rate(rating(10_001, 2_000, star=0)) == (
        Class.COUNTED,
        [(0, "A", 10_000, (1, 0, 0, 0, 1), 1)],
    )
    assert ends(m.rate(rating(10_002, 3_000))[1]) == [("A", 10_000, 3, 2)]
    assert ends(m.rate(rating(10_003, 3_000, product="B"))[1]) == [("B", 10_000, 1, 0)]
    m.rate(rating(14_999, 14_999))
    assert m.rate(rating(15_000, 9_999))[0] is Class.COUNTED
    m.rate(rating(15_001, 15_000))
    assert m.rate(rating(15_002, 9_999))[0] is Class.LATE
    assert m.books().balanced


def test_rows_are_ordered_by_end_then_spec_then_bytes_of_the_product():
    m = model(windows=(WindowSpec(10_000, 10_000), WindowSpec(5_000, 5_000)))
    for product in ("é", "a", "Z"):
        m.rate(rating(6_000, 6_000, product=product))
    assert [(spec, product) for spec, product, *_ in m.finish()] == [
        (0, "Z"),
        (0, "a"),
        (0, "é"),
        (1, "Z"),
        (1, "a"),
        (1, "é"),
    ]


def test_a_quiet_stream_closes_its_last_window_by_the_clock():
    m = model(caught_up=True)
    m.rate(rating(100_000, 4_000))
    assert m.advance(100_999) == []
    assert m.watermark_ms == 4_000
    m.advance(101_000)
    assert m.watermark_ms == 5_000
    assert m.advance(105_999) == []
    assert ends(m.advance(106_000)) == [("A", 10_000, 1, 0)]


def test_with_wait_nothing_moves_while_all_are_idle():
    m = model(caught_up=True, partitions=2, quiet=Quiet.WAIT)
    m.rate(rating(1_000, 1_000, partition=0))
    m.rate(rating(9_500, 9_500, partition=1))
    assert m.watermark_ms == 9_500
    m.advance(99_000)
    assert m.watermark_ms == 9_500


def test_a_partition_that_is_behind_holds_the_watermark_and_an_idle_one_does_not():
    m = model(partitions=2)
    m.rate(rating(5_000, 5_000, partition=0))
    assert m.watermark_ms is None
    m.caught_up(1, True, 5_000)
    assert m.watermark_ms == 5_000
    m.rate(rating(6_000, 5_500, partition=1))
    m.rate(rating(6_999, 6_999, partition=0))
    assert m.watermark_ms == 5_500
    m.advance(7_000)
    assert m.watermark_ms == 6_999


def test_a_disconnected_partition_leaves_after_more_than_a_minute():
    m = model(partitions=2)
    m.rate(rating(1_000, 1_000, partition=0))
    m.rate(rating(2_000, 2_000, partition=1))
    m.connected(0, False, 2_000)
    m.advance(62_000)
    assert m.watermark_ms == 1_000
    m.advance(62_001)
    assert m.watermark_ms == 2_000
    m.connected(0, True, 63_000)
    m.rate(rating(64_000, 64_000, partition=1))
    assert m.watermark_ms == 2_000


def test_when_every_partition_is_gone_the_watermark_rests():
    m = model(caught_up=True)
    m.rate(rating(1_000, 1_000))
    m.connected(0, False, 1_500)
    m.advance(900_000)
    assert m.watermark_ms == 1_000
    m.leave(0, 900_001)
    assert m.watermark_ms == 1_000


def test_live_a_rating_from_the_future_moves_no_further_than_its_arrival():
    live, replay = model(live=True), model(live=False)
    live.rate(rating(1_000, 90_000))
    replay.rate(rating(1_000, 90_000))
    assert (live.watermark_ms, replay.watermark_ms) == (1_000, 90_000)


def test_impossible_times_are_rejected_and_move_nothing():
    m = model(oldest_ms=1_000, ahead_ms=60_000)
    assert m.rate(rating(5_000, 999))[0] is Class.REJECTED
    assert m.rate(rating(5_000, 65_001))[0] is Class.REJECTED
    assert m.watermark_ms is None
    assert m.rate(rating(5_000, 65_000))[0] is Class.COUNTED
    assert m.rate(rating(500, None))[0] is Class.COUNTED
    assert m.books().reasons == {Reason.EVENT_TIME_TOO_OLD: 1, Reason.EVENT_TIME_IN_FUTURE: 1}


def test_a_reject_ticks_the_clock():
    m = model(caught_up=True)
    m.rate(rating(9_000, 9_000))
    assert ends(m.reject(0, 10_000, Reason.UNREADABLE)) == [("A", 10_000, 1, 0)]


def test_a_duplicate_is_known_until_the_watermark_passes_its_horizon():
    m = model(duplicates=Duplicates.IDS, horizon_ms=5_000)
    assert m.rate(rating(1_000, 1_000, rating_id="x"))[0] is Class.COUNTED
    m.rate(rating(5_999, 5_999))
    assert m.rate(rating(6_000, 6_000, rating_id="x"))[0] is Class.DUPLICATE
    assert m.watermark_ms == 6_000
    assert m.rate(rating(6_001, 6_001, rating_id="x"))[0] is Class.COUNTED


def test_the_oldest_first_arrival_is_pushed_out():
    m = model(duplicates=Duplicates.IDS, max_entries=2)
    for name in ("x", "y", "x", "z", "x"):
        m.rate(rating(1_000, 1_000, rating_id=name))
    assert (m.books().counted, m.books().duplicate) == (4, 1)


def test_content_needs_a_reviewer_and_an_event_time_and_gives_way_to_ids():
    m = model(duplicates=Duplicates.CONTENT)
    twice = [
        rating(1_000, 1_000, reviewer="r"),
        rating(1_000, 1_000),
        rating(1_000, None, reviewer="r"),
    ]
    classes = [m.rate(r)[0] for r in twice for _ in range(2)]
    assert classes == [Class.COUNTED, Class.DUPLICATE] + [Class.COUNTED] * 4
    assert m.rate(rating(1_000, 1_000, reviewer="r", rating_id="1"))[0] is Class.COUNTED
    assert m.rate(rating(1_000, 1_000, reviewer="r", rating_id="2"))[0] is Class.COUNTED


def test_window_time_arrival_ignores_the_event_time():
    m = model(time=WindowTime.ARRIVAL)
    m.rate(rating(4_000, 99_000))
    assert ends(m.finish()) == [("A", 10_000, 1, 0)]


def test_after_a_restart_the_clock_counts_from_the_moment_of_catching_up():
    m = model(caught_up=True)
    m.rate(rating(4_000, 4_000))
    m.restart()
    m.advance(50_000)
    assert m.watermark_ms == 4_000
    m.caught_up(0, True, 60_000)
    m.advance(60_999)
    assert m.watermark_ms == 4_000
    m.advance(61_000)
    assert m.watermark_ms == 5_000


def test_provisional_shows_the_newest_open_window():
    m = model(windows=(HOPPING,))
    assert m.provisional(0) == []
    m.rate(rating(1_000, 1_000))
    m.rate(rating(12_000, 12_000, product="B"))
    assert ends(m.provisional(0)) == [("A", 15_000, 1, 0), ("B", 15_000, 1, 0)]
    m.caught_up(0, True, 12_000)
    m.advance(16_000)
    assert m.watermark_ms == 16_000
    assert ends(m.provisional(0)) == [("A", 20_000, 1, 0), ("B", 20_000, 1, 0)]


def test_a_partition_joins_once():
    with pytest.raises(ValueError, match="joined already"):
        model().join(0)
