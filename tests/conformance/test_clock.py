"""How Flink is told of the clock of a script, and how it is seen that this closes windows."""

import pytest

from conformance.playing import shipped, told
from starwatch.conformance.clock import TickRecord, by_the_clock, probed, records, stands_still
from starwatch.conformance.embedded import play
from starwatch.conformance.findings import LATE
from starwatch.conformance.scripted import Told

BY_THE_CLOCK = [
    "late_rating_is_a_sign_of_life",
    "provisional_after_the_clock_closed_it",
    "quiet_stream_closes_by_the_clock",
    "quiet_stream_of_old_event_times",
    "reject_ticks_the_clock",
]


def in_short(played):
    """Records by their seconds of the script; of a tick also the seconds that it says."""
    day = 1_622_505_600_000
    return [
        ((each.at_ms - day) / 1000, (each.time_ms - day) / 1000)
        if isinstance(each, TickRecord)
        else (int(each.at_ms[0]) - day) / 1000
        for each in records(played.stream)
    ]


def test_a_tick_is_written_when_the_clock_of_the_script_closes_a_window():
    _, played = told("at 0:07 rate p 5\nat 0:09.999 tick\nat 0:10 tick\nat 0:10.500 tick")
    assert not by_the_clock(played.stream)  # its partition is not said to be caught up
    rules = "windows 10s\n  bound 0s\n  partitions main caught-up"
    _, played = told("at 0:07 rate p 5\nat 0:09.999 tick\nat 0:10 tick\nat 0:10.500 tick", rules)
    assert in_short(played) == [7, (9.999, 0), (10, 10)]


def test_a_message_brings_the_clock_to_its_arrival_and_a_reject_is_no_sign_of_life():
    rules = "windows 10s\n  bound 0s\n  partitions main caught-up"
    _, played = told("at 0:05 rate p 5\nat 0:10 reject\nat 0:15.500 rate p 5", rules)
    assert in_short(played) == [5, (10, 10), 10, 15.5]
    _, played = told("at 0:09.500 rate p 5\nat 0:10.400 rate p 5", rules)
    assert in_short(played) == [9.5, 10.4]


@pytest.mark.parametrize("name", BY_THE_CLOCK)
def test_probes_tell_what_the_clock_has_closed(name):
    script, played = shipped(name)
    longer = play(Told().stream(probed(script)))
    ends = {end for _, product, end, _ in longer.findings.windows if product == "probe"}
    late, counted = ((0, played.stream.received + number) for number in range(2))
    assert longer.findings.kind(late) == LATE
    assert longer.findings.kind(counted) == "counted"
    assert len(ends) >= 1
    without = [step for step in longer.stream.steps if hasattr(step, "values")]
    alone = played.stream
    silent = type(alone)(alone.name, alone.title, alone.job, (False,), tuple(without))
    assert play(silent).findings.kind(late) == "counted"  # where no tick comes, it shows


@pytest.mark.parametrize(
    "name", ["quiet_pause_then_a_delayed_rating", "rating_ticks_the_clock_first"]
)
def test_where_all_windows_have_ended_flinks_time_stands_still(name):
    script, played = shipped(name)
    assert by_the_clock(played.stream)
    assert stands_still(played)
    assert probed(script) is script


def test_what_the_clock_does_not_close_is_as_it_was():
    for name in ("late", "quiet_wait", "arrival_time_ignores_the_stamp"):
        script, played = shipped(name)
        assert probed(script) is script
        assert records(played.stream) == played.stream.messages
