"""How a script is read, and what is said of one that cannot be."""

import pytest

from starwatch.admission.ledger import Class
from starwatch.errors import BadScript
from starwatch.ratings.rejects import Reason
from starwatch.scenarios import steps
from starwatch.scenarios.script import parse_script, read_script
from starwatch.scenarios.words import read_time, write_time
from starwatch.windows.job import Duplicates, Job, Quiet, WindowTime

HEAD = "# A title\n# A lesson\n\njob\n  windows 10s\n  bound 0s\n"
DAY = 1_622_505_600_000


def read(body, head=HEAD):
    return parse_script(head + body, "s.ratings")


def happens(body, head=HEAD):
    return read(body, head).steps


def test_the_opening_comment_is_title_and_lesson():
    script = read("")
    assert (script.title, script.lesson, script.steps) == ("A title", "A lesson", ())


def test_every_rule_of_the_job():
    head = """# T
job
  windows 30s/5s, 1m
  scale 0..10/1
  time arrival
  bound 2s
  lateness 1s
  quiet wait
  door replay
  duplicates content
  horizon 10m
  remember 7
  oldest 1990-01-01
  ahead 1m
  day 2020-01-02
  partitions a, b caught-up
"""
    setting = parse_script(head).setting
    job = setting.job
    assert [w.label for w in job.windows] == ["30s/5s", "1m/1m"]
    assert (job.scale.steps, job.time, job.quiet) == (11, WindowTime.ARRIVAL, Quiet.WAIT)
    assert (job.bound_ms, job.lateness_ms, job.live) == (2_000, 1_000, False)
    assert (job.duplicates, job.horizon_ms) == (Duplicates.CONTENT, 600_000)
    assert (job.max_entries, job.ahead_ms, job.oldest_ms) == (7, 60_000, 631_152_000_000)
    assert setting.day_ms == 1_577_923_200_000
    assert setting.partitions == (("a", False), ("b", True))


def test_without_rules_the_defaults_of_a_job_hold():
    assert parse_script("# T\njob\n").setting.job == Job()
    assert parse_script("# T\njob\n  time arrival\n").setting.job.bound_ms == 0


def test_a_rating_with_everything():
    rate = happens('at 0:03 rate "Coffee mug" ★★★★☆ by ann stamped 2s ago id r1 on main')
    assert rate == (steps.Rate(7, DAY + 3000, 0, 0, "Coffee mug", 3, "ann", DAY + 1000, "r1"),)


@pytest.mark.parametrize(
    ("stamp", "ms"),
    [("0:02", 2_000), ("now", 3_000), ("1s ahead", 4_000), ("-0:00.500", -500)],
)
def test_stamps(stamp, ms):
    assert happens(f"at 0:03 rate A 5 stamped {stamp}")[0].event_ms == DAY + ms


def test_several_stars_are_several_ratings():
    stars = happens("rate A 5 ★★☆☆☆ 1 by ann")
    assert [(s.star, s.position, s.reviewer) for s in stars] == [
        (4, 0, "ann"),
        (1, 1, "ann"),
        (0, 2, "ann"),
    ]


def test_steps_without_a_time_happen_at_the_last_one():
    times = [s.at_ms - DAY for s in happens("rate A 5\nat 0:01 rate A 5\nrate A 5\n+250ms tick")]
    assert times == [0, 1_000, 1_000, 1_250]


def test_everything_else_that_can_happen():
    body = """join kiosk caught-up
reject off_scale on kiosk
behind kiosk
caught-up kiosk
disconnect kiosk
connect kiosk
leave kiosk
restart
reject
end"""
    line = len(HEAD.splitlines())
    assert happens(body) == (
        steps.Join(line + 1, DAY, 1, caught_up=True),
        steps.Reject(line + 2, DAY, 1, 0, Reason.OFF_SCALE),
        steps.CaughtUp(line + 3, DAY, 1, value=False),
        steps.CaughtUp(line + 4, DAY, 1, value=True),
        steps.Connected(line + 5, DAY, 1, value=False),
        steps.Connected(line + 6, DAY, 1, value=True),
        steps.Leave(line + 7, DAY, 1),
        steps.Restart(line + 8),
        steps.Reject(line + 9, DAY, 0, 0, Reason.UNREADABLE),
        steps.End(line + 10),
    )


def test_expectations():
    body = """rate A 5  # a comment at the end
expect late
expect watermark 0:05
expect watermark none
expect nothing
expect
  "Coffee mug"  0:00..0:10  mean 4.67 of 3 (4 2x5)  revision 2
expect provisional 10s
  A  0:00..0:10  mean 5 of 1 (5)
expect provisional nothing"""
    row = steps.Row(0, "Coffee mug", DAY + 10_000, (0, 0, 0, 1, 2), 2)
    assert happens(body)[1:] == (
        steps.ExpectClass(8, Class.LATE),
        steps.ExpectWatermark(9, DAY + 5_000),
        steps.ExpectWatermark(10, None),
        steps.ExpectRows(11, ()),
        steps.ExpectRows(12, (row,)),
        steps.ExpectProvisional(14, 0, (steps.Row(0, "A", DAY + 10_000, (0, 0, 0, 0, 1)),)),
        steps.ExpectProvisional(16, 0, ()),
    )


BROKEN = {
    "rat A 5": "'rat' is not known. Did you mean 'rate'?",
    "rate A": "this rating cannot be read",
    "rate A 5.5": "'5.5' is no star of the scale 1..5/1. A rating off the scale is written: reject",
    "rate A ★★★★★★": "no star",
    "rate A ☆☆☆☆☆": "no star",
    "rate A 5 from ann": "'from' is not known",
    "rate A 5 by": "has no value",
    "rate A 5 by ann by bob": "given twice",
    "rate A 5 5 id r1": "cannot share one id",
    "rate A 5 on kiosk": "the partition 'kiosk' is not known. Known here: main",
    "rate A 5 stamped soon": "the time 'soon' cannot be read. A time reads 0:03",
    "rate A 5 stamped 2013-02-31": "cannot be read",
    "rate A 5 stamped 5 ago": "the duration '5' cannot be read",
    "at 0:05 tick\nat 0:04 tick": "time goes back",
    "at": "a time is missing",
    "at 0:05": "nothing happens at this time. Where only the clock goes on: tick",
    "+1 tick": "duration '1' cannot be read",
    "tick": "a tick needs a time",
    "+1s tick tock": "'tock' has no meaning here",
    "reject bad_luck": "the reason 'bad_luck' is not known",
    "reject by ann": "the reason 'by'",
    "reject off_scale by ann": "a reason and a partition and nothing else",
    "join main": "has joined before",
    "join": "this join cannot be read",
    "leave main\nrate A 5": "there are 0 partitions",
    "join kiosk\nrate A 5": "there are 2 partitions. Name the one that is meant: on PARTITION",
    "end\nrate A 5": "nothing can happen after the end",
    "rate A 5\n  rate A 5": "an indented line belongs to nothing",
    "expect": "no row is expected. Write rows under it, or: expect nothing",
    "expect late": "no rating has come yet",
    "expect sunshine": "the expectation 'sunshine' is not known",
    "expect nothing much": "'much' has no meaning here",
    "expect nothing\n  A 0:00..0:10 mean 5 of 1 (5)": "an indented line belongs to nothing",
    "expect watermark": "a time is missing",
    "expect provisional": "this expectation cannot be read",
    "expect\n  A 0:00..0:10": "cannot be read. A row reads",
    "expect\n  5s A 0:00..0:10 mean 5 of 1 (5)": "the window '5s' is not known. Known here: 10s",
    "expect\n  A 0:00..0:20 mean 5 of 1 (5)": "a window of 10s/10s has another length",
    "expect\n  A 0:01..0:11 mean 5 of 1 (5)": "no window of 10s/10s ends there",
    "expect\n  A 0:00..0:10 mean 5 of 2 (5)": "'5' are 1 ratings, not 2",
    "expect\n  A 0:00..0:10 mean 4 of 2 (4 5)": None,  # 4.5, half to even
    "expect\n  A 0:00..0:10 mean 5 of 2 (4 5)": "the mean of (4 5) is 4.500000, not 5",
    "expect\n  A 0:00..0:10 mean 5 of 2 (twox5)": "'twox5' is no star. Three fives read 3x5",
    "expect\n  A 0:00..0:10 mean 5 of 1 (9)": "'9' is no star",
    "books": "the books are not whole",
    "books\n  received 0 = 0 counted": "the books are not whole",
    "books\n  received 2 = 1 counted": "the sum is 1, not 2",
    "books\n  received 1 = 1 lost": "the term 'lost' is not known",
    "books\n  received 1 = one counted": "'one' is no whole number",
    "books\n  received 1 = 1 rejected\n  expected 0 = 0 open": "do not add up",
    "books\n  rejected 1 bad_luck": "the reason 'bad_luck'",
    "books\n  all is well": "the books line 'all is well' cannot be read",
}


@pytest.mark.parametrize("body", BROKEN)
def test_a_broken_line_is_named_with_a_hint(body):
    if BROKEN[body] is None:
        read(body)
        return
    with pytest.raises(BadScript) as caught:
        read(body)
    numbers = range(7, 7 + len(body.splitlines()))
    assert str(caught.value).startswith(tuple(f"s.ratings:{number}: " for number in numbers))
    assert BROKEN[body] in str(caught.value)


HEADERS = {
    "": "s.ratings:1: the scenario is empty",
    "job\n": "s.ratings:1: the scenario has no title. Begin with: # What it shows",
    "# T\nrate A 5\n": "s.ratings:2: the scenario does not begin with its job",
    "# T\n  rate A 5\n": "s.ratings:2: an indented line belongs to nothing",
    "# T\njob\n  window 10s\n": "s.ratings:3: the rule 'window' is not known. Did you",
    "# T\njob\n  windows 10s/3s\n": "s.ratings:3: the window 10s/3s is impossible",
    "# T\njob\n  windows\n": "s.ratings:3: the rule 'windows' has no value",
    "# T\njob\n  windows 10s, 10s\n": "s.ratings:3: the same window is given twice",
    "# T\njob\n  bound 1s\n  bound 2s\n": "s.ratings:4: the rule 'bound' is given twice",
    "# T\njob\n  bound soon\n": "s.ratings:3: the duration 'soon' cannot be read",
    "# T\njob\n  scale one\n": "s.ratings:3: the scale 'one' cannot be read",
    "# T\njob\n  quiet please\n": "s.ratings:3: the word 'please' is not known",
    "# T\njob\n  remember much\n": "s.ratings:3: 'much' is no whole number",
    "# T\njob\n  day today\n": "s.ratings:3: the moment 'today' cannot be read",
    "# T\njob\n  partitions a, a\n": "s.ratings:3: the partition 'a' is given twice",
    "# T\njob\n  partitions a b\n": "s.ratings:3: the partition 'a b' cannot be read",
}


@pytest.mark.parametrize("text", HEADERS)
def test_a_broken_header_is_named_with_a_hint(text):
    with pytest.raises(BadScript) as caught:
        read("", text)
    assert str(caught.value).startswith(HEADERS[text])


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "x.ratings"
    path.write_bytes(b"# T\njob\n\xff")
    with pytest.raises(BadScript, match="no UTF-8 text"):
        read_script(path)


@pytest.mark.parametrize(
    "text", ["0:00", "0:03.250", "-0:20", "1:00:00", "25:00:01", "2013-02-14T09:00:00.000Z"]
)
def test_times_are_written_as_they_are_read(text):
    line = None
    assert write_time(read_time(line, text, DAY), DAY) == text
