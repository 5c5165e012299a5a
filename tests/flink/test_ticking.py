"""When ticks are written into a quiet topic, and of which time: none makes a rating late."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flink.plans import HOSTS, live_job
from flink.topics_in_memory import TopicsInMemory
from model import Rating
from property.players import batch_of
from starwatch.clients.ticks import is_tick, tick_headers
from starwatch.engine import Engine
from starwatch.flink.messages import for_the_books
from starwatch.flink.plan import Names, Plan
from starwatch.flink.ticking import LOOK_BACK, Ticker
from starwatch.windows.job import WindowTime

SECOND = 1_000


def ticker(topics, **rules):
    rules = {"window": ["10s/5s"], "bound": "5s"} | rules
    plan = Plan(live_job(**rules), ("ratings",), HOSTS, names=Names(topics.prefix))
    return Ticker(plan, topics, lambda: topics.now_ms)


def go_on(topics, seconds, *tickers):
    for _ in range(seconds):
        topics.now_ms += SECOND
        for each in tickers:
            each.step()


def test_each_end_is_told_once_in_every_partition_until_the_last_window_has_ended():
    topics = TopicsInMemory(partitions=3)  # one of them is never used
    one = ticker(topics)
    start = topics.now_ms  # an end of windows
    topics.rate(0, start - 20 * SECOND)
    topics.rate(1, start - 18 * SECOND)
    go_on(topics, 120, one)
    # The last window of the newer rating ends at -10 s. The watermark was at -25 and -23 s.
    told = [start - n * SECOND + 5 * SECOND for n in (25, 20, 15, 10)]
    for partition in range(3):
        assert [time for time in topics.ticks(partition) if time >= told[0]] == told


def test_a_window_ends_when_the_clock_says_so():
    topics = TopicsInMemory()
    one = ticker(topics)
    start = topics.now_ms
    topics.rate(0, start)
    go_on(topics, 10, one)
    assert topics.ticks()[-1] - 5 * SECOND <= start  # no window of it has ended
    go_on(topics, 2, one)  # 5 s, the bound, and what passed until it was noticed
    assert topics.ticks()[-1] == start + 10 * SECOND


@settings(deadline=None, max_examples=50)
@given(
    ratings=st.lists(
        st.tuples(
            st.integers(0, 4_000), st.integers(0, 1), st.sampled_from([0, 10, 3_000, 6_000, 40_000])
        ),
        min_size=1,
        max_size=25,
    )
)
def test_ticks_are_never_ahead_of_the_embedded_engine_and_close_all_that_it_closes(ratings):
    topics = TopicsInMemory(partitions=2)
    one = ticker(topics, duplicates="off")
    engine = Engine(live_job(window=["10s/5s"], bound="5s", duplicates="off"))
    for partition in (0, 1):
        engine.join(partition, caught_up=True)
    closed, look = [], topics.now_ms + SECOND

    def until(moment):
        nonlocal look
        while look <= moment:
            topics.now_ms = look
            closed.extend(engine.advance(look).end_ms.tolist())
            before = len(topics.ticks())
            one.step()
            for time in topics.ticks()[before:]:
                assert time - 5 * SECOND <= engine.watermark_ms
            look += SECOND
        topics.now_ms = moment

    for position, (gap, partition, delay) in enumerate(ratings):
        until(topics.now_ms + gap)
        event = topics.now_ms - delay
        topics.rate(partition, event)
        row = Rating(topics.now_ms, partition, position, "p", "u", 4, event, "")
        closed.extend(engine.ingest(batch_of([row], [])).rows.end_ms.tolist())
    until(topics.now_ms + 60 * SECOND)
    assert engine.books().specs[0].open == 0
    assert topics.ticks(0) == topics.ticks(1) == sorted(set(topics.ticks()))
    assert topics.ticks()[-1] - 5 * SECOND == max(closed)


def test_a_topic_that_ratings_come_to_is_told_nothing():
    topics = TopicsInMemory(partitions=2)
    one = ticker(topics)
    for _ in range(60):
        topics.rate(1, topics.now_ms - 20 * SECOND)
        topics.now_ms += 900
        one.step()
    assert topics.ticks() == []


def test_what_is_no_rating_neither_moves_the_time_nor_breaks_the_quiet():
    topics = TopicsInMemory(prefix="mine-")
    one = ticker(topics)
    start = topics.now_ms
    topics.rate(0, start - 3_600 * SECOND)
    for _ in range(60):
        topics.add(0, b"no rating")
        topics.add(0, None)
        topics.rate(0, start, rating=7)
        topics.rate(0, topics.now_ms + 70 * SECOND)  # of the future
        topics.rate(0, 1_000)  # of 1970
        topics.add(0, b'{"product":"p","rating":5}')  # a name that Flink does not know
        topics.add(0, json.dumps([{"productID": "p", "rating": 5}] * 2).encode())
        topics.add(0, None, tick_headers("others-", topics.now_ms))
        go_on(topics, 1, one)
    assert topics.ticks()[-1] == start - 3_600 * SECOND + 10 * SECOND + 5 * SECOND
    assert len(topics.ticks()) <= 4


def test_times_of_records_count_where_windows_go_by_arrival():
    topics = TopicsInMemory()
    one = ticker(topics, time="arrival", bound="0s")
    assert live_job(time="arrival").time is WindowTime.ARRIVAL
    start = topics.now_ms
    topics.rate(0, start - 3_600 * SECOND)
    go_on(topics, 30, one)
    assert topics.ticks()[-1] == start + 10 * SECOND


def test_a_rating_of_the_future_moves_the_time_to_its_arrival_alone():
    topics = TopicsInMemory()
    one = ticker(topics)
    start = topics.now_ms
    topics.rate(0, start + 50 * SECOND)
    for _ in range(120):
        go_on(topics, 1, one)
        assert max(topics.ticks(), default=0) <= topics.now_ms
    assert topics.ticks()[-1] - 5 * SECOND == start + 60 * SECOND  # its last window has ended


def test_two_that_write_ticks_write_hardly_more_than_one():
    topics = TopicsInMemory(partitions=2)
    one, two = ticker(topics), ticker(topics)
    topics.rate(0, topics.now_ms)
    go_on(topics, 60, one, two)
    assert max(Counter(topics.ticks()).values()) == 1


def test_one_that_begins_anew_tells_nothing_again():
    topics = TopicsInMemory(partitions=2)
    topics.rate(0, topics.now_ms)
    go_on(topics, 60, ticker(topics))
    told = topics.ticks()
    go_on(topics, 60, ticker(topics))
    assert topics.ticks() == told


def test_a_new_partition_is_told_when_it_comes():
    topics = TopicsInMemory(partitions=1)
    one = ticker(topics)
    topics.rate(0, topics.now_ms)
    go_on(topics, 60, one)
    told = topics.ticks()
    topics.logs["ratings", 1] = []
    go_on(topics, 60, one)
    assert topics.ticks(1) == told[-1:]


def test_a_clock_that_jumps_over_a_pause_of_ours_takes_ratings_into_account():
    topics = TopicsInMemory()
    one = ticker(topics)
    topics.rate(0, topics.now_ms)
    go_on(topics, 3, one)
    topics.now_ms += 3_600 * SECOND  # the process stood still
    topics.rate(0, topics.now_ms - 3_595 * SECOND)
    before = len(topics.ticks())
    one.step()
    assert topics.ticks()[before:] == []


def test_a_long_topic_is_read_at_its_end_alone():
    topics = TopicsInMemory()
    one = ticker(topics)
    start = topics.now_ms
    topics.rate(0, start + 5 * SECOND)  # not looked at, and the newest
    for number in range(5 * LOOK_BACK):
        topics.rate(0, start - number % 3)
    go_on(topics, 60, one)
    assert topics.reads < 2 * LOOK_BACK
    assert topics.ticks()[-1] - 5 * SECOND >= start + 15 * SECOND


def test_a_stream_that_brings_much_is_not_read():
    topics = TopicsInMemory()
    one = ticker(topics)
    for _ in range(5):
        for _ in range(LOOK_BACK + 1):
            topics.rate(0, topics.now_ms)
        go_on(topics, 1, one)
    assert topics.reads == 0


@pytest.mark.parametrize("value", [b"{}", b"", None])
def test_only_a_record_without_a_value_and_with_its_header_is_a_tick(value):
    topics = TopicsInMemory()
    topics.add(0, value, [("starwatch-tick", b"starwatch-")])
    topics.add(0, value)
    first, second = topics.logs["ratings", 0]
    assert is_tick(first) is (value is None)
    assert not is_tick(second)
    assert for_the_books([first, second]) == (1 if value is None else 2)
