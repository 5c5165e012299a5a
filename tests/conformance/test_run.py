"""A run over streams: what is equal, and how a difference is told."""

import pytest

from conformance.playing import EmbeddedFlink, shipped, told, without_window
from starwatch.cli.recomputing import rules_of
from starwatch.conformance import run as run_module
from starwatch.conformance.findings import Findings
from starwatch.conformance.generated import generated
from starwatch.conformance.run import Conformance
from starwatch.recompute.ratings import open_database
from starwatch.scenarios.script import SHIPPED, read_script

LATE = "at 0:05 rate mug 5\nat 0:15 rate mug 4\nat 0:16 rate mug 1 stamped 0:03"
START = "2021-06-01T00:00:"


@pytest.fixture
def database():
    with open_database() as connection:
        connection.execute("SET threads = 1")
        yield connection


def outcomes(database, scripts, streams=(), flink=None):
    return list(Conformance(database, rules_of, flink=flink).run(scripts, streams))


def test_what_the_clock_does_is_the_same_by_recomputation(database):
    kinds = ("quiet*", "partition*", "restart*", "correction*", "late_rating*", "re*_ticks*")
    files = sorted(path for kind in kinds for path in SHIPPED.glob(f"{kind}.ratings"))
    found = outcomes(database, [read_script(path) for path in files])
    assert len(found) > 30
    assert [(each.stream.name, each.differences) for each in found if each.differences] == []


def test_what_is_promised_runs_on_flink_and_the_rest_says_why_not(database):
    flink = EmbeddedFlink()
    scripts = [shipped("late")[0], shipped("partition_that_is_idle_holds_nobody")[0], told(LATE)[0]]
    found = outcomes(database, scripts, [generated(0, 1, 500)], flink)
    assert [each.differences for each in found] == [[], [], [], []]
    assert [bool(each.note) for each in found] == [False, True, False, False]
    assert found[1].note.startswith("not on Flink: which partitions are idle")
    assert len(flink.streams) == 2  # both that are of one job, and the generated one


def test_a_late_rating_that_flink_counts_is_named(database):
    def spoil(findings):
        windows = dict(findings.windows)
        (key,) = [key for key in windows if key[1] == "0/mug" and windows[key][4]]
        windows[key] = (1, 0, 0, 0, 1)
        return Findings(windows, {}, findings.counted + 1, {})

    flink = EmbeddedFlink(spoil)
    (found,) = outcomes(database, [told(LATE)[0]], flink=flink)
    assert found.differences[0] == "flink: 1 windows differ"
    assert found.differences[1].startswith("books: embedded 2 counted, 0 duplicate, 1 late")
    assert found.differences[2] == (
        f"  10s/10s mug to {START}10.000Z: embedded 0 0 0 0 1, recompute 0 0 0 0 1, flink 1 0 0 0 1"
    )
    assert found.differences[3] == (
        f"    partition 0, offset 2: mug at {START}03.000Z:"
        " embedded late, recompute late, flink counted"
    )


def test_a_window_that_is_missing_or_of_nobody_is_told(database):
    def spoil(findings):
        short = without_window(findings)
        windows = short.windows | {("10s/10s", "0/pen", 1_622_505_610_000, 0): (1, 0, 0, 0, 0)}
        return Findings(windows, short.others, short.counted, {})

    (found,) = outcomes(database, [told(LATE)[0]], flink=EmbeddedFlink(spoil))
    text = "\n".join(found.differences)
    assert "flink: 2 windows differ" in text
    assert "recompute 0 0 0 0 1, flink nothing" in text
    assert f"partition 0, offset 0: mug at {START}05.000Z: embedded counted" in text
    assert "pen to" in text
    assert "no rating belongs there" in text


def test_a_recomputation_that_is_wrong_is_told(database, monkeypatch):
    right = run_module.recompute
    monkeypatch.setattr(run_module, "recompute", lambda *given: without_window(right(*given)))
    (found,) = outcomes(database, [told(LATE)[0]])
    assert found.differences[0] == "recompute: 1 windows differ"


def test_books_that_do_not_balance_are_told_where_windows_agree(database):
    def spoil(findings):
        return Findings(findings.windows, {}, findings.counted, {})

    (found,) = outcomes(database, [told(LATE)[0]], flink=EmbeddedFlink(spoil))
    assert "flink 2 counted, 0 duplicate, 0 late, 0 rejected" in found.differences[0]
    assert "  partition 0, offset 2: embedded late, recompute late, flink counted" in (
        found.differences
    )
    assert any("of 3 messages" in line for line in found.differences)


def test_where_lateness_is_a_race_windows_are_those_of_what_flink_counted(database):
    stream = generated(2, 1, 500)
    (found,) = outcomes(database, [], [stream], EmbeddedFlink())
    assert found.differences == []
    assert "which ratings are late is a race" in found.note
    (short,) = outcomes(database, [], [stream], EmbeddedFlink(without_window))
    assert short.differences[0] == "flink: 1 windows are not those of what it counted"
    assert ": counted " in short.differences[1]
    assert "flink counted" in short.differences[2]


def test_a_rating_behind_the_watermark_may_be_missing_from_closed_windows_alone(database):
    rules = "windows 20s/10s\n  bound 0s\n  partitions a, b"
    text = (
        "at 0:25 rate mug 5 on a\nat 0:25 rate mug 4 on b\nat 0:26 rate mug 1 stamped 0:15 on a"
        "\nat 0:27 rate mug 2 stamped 0:03 on a"
    )
    _, played = told(text, rules)
    missed = min(played.findings.windows)
    behind = {(0, 1): missed[2]}

    def spoil(*, stars):
        def spoilt(findings):
            return Findings(
                findings.windows | {missed: stars}, findings.others, findings.counted, behind
            )

        return EmbeddedFlink(spoilt)

    stream = played.stream
    assert missed[:3] == ("20s/10s", "mug", 1_622_505_630_000)
    assert played.findings.windows[missed] == (1, 0, 0, 1, 1)
    for stars, count in (((1, 0, 0, 1, 1), 0), ((0, 0, 0, 1, 1), 0), ((1, 0, 0, 0, 1), 1)):
        (found,) = outcomes(database, [], [stream], spoil(stars=stars))
        wrong = [line for line in found.differences if "are not those" in line]
        assert len(wrong) == count, stars
