"""Streams are told less often before they cost a job more."""

from starwatch.page.stream.costs import EVERY_SECONDS, Costs, Pace


def test_what_costs_little_is_told_five_times_a_second():
    costs = Costs()
    costs.note("look", 0.004)
    assert costs.interval(1) == EVERY_SECONDS


def test_tabs_that_show_other_things_share_the_same_part_of_a_core():
    costs = Costs()
    for tab in range(50):
        costs.note(f"look {tab}", 0.002)
    assert 1.2 < costs.interval(50) < 1.6
    for tab in range(50):
        costs.forget(f"look {tab}")
    assert costs.interval(1) == EVERY_SECONDS


def test_one_look_that_takes_long_holds_nobody_up():
    costs = Costs()
    for seconds in (1.0, 0.004, 1.0, 0.004):
        costs.note("look", seconds)
        assert costs.interval(1) == EVERY_SECONDS
    costs.note("look", 1.0)
    costs.note("look", 1.0)
    assert costs.interval(1) == 2.0


def test_whoever_waits_for_what_comes_once_in_an_interval_does_not_wait_for_the_interval_too():
    pace, due = Pace(), 0.0
    for number in range(100):
        comes = 1000 + number * EVERY_SECONDS
        late = 0.09 if number in {10, 20, 21, 50} else 0.0  # the machine was busy
        assert due <= comes, number
        due = pace.next(comes + late, EVERY_SECONDS)


def test_what_comes_all_the_time_is_told_five_times_a_second():
    pace, now, told = Pace(), 1000.0, 0
    while now < 1010:
        now = max(now + 0.001, pace.next(now, EVERY_SECONDS))
        told += 1
    assert 49 <= told <= 57


def test_whoever_fell_behind_catches_up():
    pace = Pace()
    due = pace.next(1000.0, 2.0)  # one look was thought to take long
    waits = []
    for number in range(30):
        comes = 1001.82 + number * EVERY_SECONDS
        waits.append(max(due - comes, 0.0))
        due = pace.next(max(comes, due), EVERY_SECONDS)
    assert waits[0] > 0.0
    assert waits[-1] == 0.0


def test_what_is_told_besides_holds_nobody_up():
    pace = Pace()
    due = pace.next(1000.0, EVERY_SECONDS)
    assert pace.next(1000.01, EVERY_SECONDS) == due
