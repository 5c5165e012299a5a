"""Streams are told less often before they cost a job more."""

from starwatch.page.stream.costs import EVERY_SECONDS, Costs


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
    for seconds in (0.004, 1.0, 0.004):
        costs.note("look", seconds)
        assert costs.interval(1) == EVERY_SECONDS
    costs.note("look", 1.0)
    costs.note("look", 1.0)
    assert costs.interval(1) == 2.0
