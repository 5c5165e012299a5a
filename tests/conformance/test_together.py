"""Scenarios behind one another in one stream."""

from conformance.playing import shipped, told
from starwatch.conformance.embedded import play
from starwatch.conformance.together import together

LATE = "at 0:05 rate mug 5\nat 0:15 rate mug 4\nat 0:16 rate mug 1 stamped 0:03"


def test_scenarios_of_one_job_are_one_stream_and_come_apart_as_they_were():
    scripts = [shipped(name) for name in ("late", "empty_stretches_are_skipped")]
    scripts += [told(LATE), shipped("scale_half_stars")]
    one, other = together(scripts)
    assert [part.played for part in one.parts] == [played for _, played in scripts[:3]]
    assert [part.played for part in other.parts] == [scripts[3][1]]
    found = play(one.stream).findings
    arrivals = [int(at) for messages in one.stream.messages for at in messages.at_ms]
    assert arrivals == sorted(arrivals)
    for part in one.parts:
        alone = part.played.findings
        counted = {key[1]: 1 for key in found.windows}
        apart = part.of(found, counted)
        assert apart.windows == alone.windows
        assert apart.others == alone.others
        assert apart.counted == len({key[1] for key in alone.windows})
    assert "late" in one.parts[2].of(found, {}).others.values()


def test_a_scenario_that_would_come_out_otherwise_has_a_stream_of_its_own():
    # Alone its first rating is not late, for there is no watermark yet.
    old = told("at 0:05 rate mug 5 stamped 2021-01-01T00:00:00Z")
    assert [len(each.parts) for each in together([told(LATE), old])] == [1, 1]


def test_what_happens_besides_ratings_keeps_a_scenario_alone():
    wait = shipped("quiet_wait")
    groups = together([wait, wait])
    assert [group.stream for group in groups] == [wait[1].stream] * 2
