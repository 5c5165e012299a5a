"""Which scenarios must be equal on Flink."""

import pytest

from conformance.playing import shipped, told
from starwatch.conformance.embedded import play
from starwatch.conformance.generated import generated
from starwatch.conformance.promised import not_on_flink, race
from starwatch.scenarios.script import SHIPPED

NAMES = sorted(path.stem for path in SHIPPED.glob("*.ratings"))

NOT = {
    "corrections": "correction_|restart_keeps_sliding",
    "which partitions are idle": "quiet_follows|quiet_wait_|partition_comes|"
    "partition_disconnected|partition_never|partition_that_is_behind|partition_that_is_idle",
    "stands still": "quiet_pause_then_a_delayed|rating_ticks",
    "come and go": "partition_joins|partition_leaves|partitions_all_gone|arrival_time_one",
    "a checkpoint": "restart_",
    "from 1990 on": "boundary_before_the_epoch",
    "past its arrival": "end_of_a_replay|future_rating_in_a_replay",
    "by time, not by number": "duplicate_pushed_out",
    "a third rating": "duplicate_after_the_horizon|duplicate_does_not_refresh",
}
"""What the reason says, and how the names of those scenarios begin."""


def expected(name):
    """What the reason of a scenario says; empty where it must be equal."""
    begins = ((why, each) for why, all_ in NOT.items() for each in all_.split("|"))
    return next((why for why, each in begins if name.startswith(each)), "")


@pytest.mark.parametrize("name", NAMES)
def test_scenario(name):
    _, played = shipped(name)
    why = not_on_flink(played)
    assert expected(name) in why
    assert bool(why) == bool(expected(name))


def test_half_of_the_scenarios_run_on_flink():
    assert sum(not expected(name) for name in NAMES) >= 48


def test_late_ratings_of_several_partitions_are_a_race():
    rules = "windows 10s\n  bound 0s\n  partitions a, b"
    both = "at 0:20 rate p 5 stamped 0:19 on a\nat 0:20 rate p 5 stamped 0:19 on b"
    _, in_time = told(both, rules)
    _, late = told(f"{both}\nat 0:21 rate p 1 stamped 0:01 on a", rules)
    assert (not_on_flink(in_time), race(in_time)) == ("", False)
    assert (not_on_flink(late), race(late)) == (
        "with several partitions, which ratings are late is a race",
        True,
    )


def test_generated_streams_take_turns_in_what_can_be_promised():
    plays = [play(generated(number, 5, 1000)) for number in range(3)]
    assert [bool(not_on_flink(each)) for each in plays] == [False, False, True]
    assert [race(each) for each in plays] == [False, False, True]
    books = [each.findings.books for each in plays]
    assert [book["late"] > 0 for book in books] == [False, True, True]
    assert books[1]["duplicate"] > 0
    assert all(book["rejected"] > 0 for book in books)
