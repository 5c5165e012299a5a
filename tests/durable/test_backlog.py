"""What waits for sinks that are away is bounded: the oldest goes, counted and said."""

import json
import logging
from contextlib import closing

import pytest

from service.live_sources import Scripted, handed_over
from service.serving import JOB, rows_of, running, soon
from starwatch.journal.store import Journal
from starwatch.journal.survey import survey
from starwatch.outbox.budget import Backlog
from starwatch.service import followed
from starwatch.service.figures import figures_of
from starwatch.service.pauses import Pauses


def test_what_lies_before_a_row_is_forgotten() -> None:
    backlog = Backlog([(10, 100), (20, 100), (30, 100)], most=None)
    assert [backlog.behind(rows) for rows in (0, 9, 10, 19, 29, 30)] == [300, 300, 200, 200, 100, 0]
    assert backlog.keep_from(10) == 10
    assert [backlog.behind(rows) for rows in (0, 10, 30)] == [200, 200, 0]
    backlog.add(35, 50)
    assert [backlog.behind(rows) for rows in (10, 30, 35)] == [250, 50, 0]


@pytest.mark.parametrize(
    ("most", "kept_from"), [(1000, 5), (300, 5), (299, 10), (200, 10), (100, 20), (99, 20), (0, 20)]
)
def test_no_more_waits_than_may_but_for_the_newest(most: int, kept_from: int) -> None:
    backlog = Backlog([(10, 100), (20, 100), (30, 100)], most=most)
    assert backlog.keep_from(5) == kept_from
    assert backlog.behind(0) == {5: 300, 10: 200, 20: 100}[kept_from]


def test_who_is_done_with_all_waits_for_nothing() -> None:
    backlog = Backlog([(10, 100)], most=10)
    assert backlog.keep_from(1 << 62) == 1 << 62
    assert backlog.behind(0) == 0
    assert Backlog([], most=0).keep_from(3) == 3


def chatty(door, closes: int) -> None:
    """A product more with each close, so that each window's rows tell which they are."""
    door.connected(value=True)
    partition = door.partition("a")
    base = 1_700_000_000_000
    for n in range(closes):
        handed_over(door, partition, (f"p{n:03d}", 4, base + 400 * n), first=n)


def test_a_sink_that_is_away_too_long_lacks_the_oldest_rows_and_nobody_else_any(
    tmp_path, monkeypatch, caplog
) -> None:
    monkeypatch.setattr(Pauses, "next", lambda _: 0.1)
    monkeypatch.setattr(followed, "_SAID_SECONDS", 0)
    job = JOB.__class__(windows=JOB.windows, bound_ms=0)  # by event time
    away = tmp_path / "later"
    here, there = tmp_path / "w.jsonl", away / "w.jsonl"
    outputs = [f"jsonl:{here}", f"jsonl:{there}"]
    source = Scripted(lambda door: chatty(door, 30))
    with (
        caplog.at_level(logging.ERROR),
        running(tmp_path, source, outputs=outputs, job=job, backlog_bytes=20_000) as service,
    ):
        assert source.done.wait(30)
        soon(lambda: len(rows_of(here)) == service.engine.rows_committed)
        _, broken = figures_of(service).sinks
        assert broken.state == "broken"
        assert 15_000 < broken.backlog_bytes <= 20_000 + 2_000  # and the newest commit
        assert broken.backlog == service.engine.rows_committed
        assert f"jsonl:{there} is given up for its oldest rows" in caplog.text
        away.mkdir()
        soon(lambda: there.exists() and service.sinks[1].cursor.rows == broken.backlog)
        healthy, late = figures_of(service).sinks
    all_rows = rows_of(here)
    assert (healthy.passed_over, healthy.backlog) == (0, 0)
    assert 0 < late.passed_over < len(all_rows)
    assert rows_of(there) == all_rows[late.passed_over :]
    assert f"never gets {late.passed_over} window rows, from number 0 on" in caplog.text
    # It is remembered, and can be asked for.
    found = survey(tmp_path / "state" / "starwatch.db")
    assert found.facts["passed_over"] == {f"jsonl:{there}": late.passed_over}
    with running(tmp_path, Scripted(lambda _: None), outputs=outputs, job=job) as service:
        assert service.sinks[1].passed_over == late.passed_over


def test_within_the_budget_nothing_is_given_up(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Pauses, "next", lambda _: 0.1)
    job = JOB.__class__(windows=JOB.windows, bound_ms=0)
    away = tmp_path / "later"
    outputs = [f"jsonl:{tmp_path / 'w.jsonl'}", f"jsonl:{away / 'w.jsonl'}"]
    source = Scripted(lambda door: chatty(door, 20))
    with running(tmp_path, source, outputs=outputs, job=job) as service:
        assert source.done.wait(30)
        away.mkdir()
        soon(lambda: service.sinks[1].cursor.rows == service.engine.rows_committed)
    assert (away / "w.jsonl").read_bytes() == (tmp_path / "w.jsonl").read_bytes()


def test_a_sink_that_joins_later_begins_with_what_is_kept_and_misses_nothing(tmp_path) -> None:
    job = JOB.__class__(windows=JOB.windows, bound_ms=0)
    one, other = tmp_path / "w.jsonl", tmp_path / "new.jsonl"
    source = Scripted(lambda door: chatty(door, 10))
    with running(tmp_path, source, outputs=[f"jsonl:{one}"], job=job):
        assert source.done.wait(30)
    before = len(rows_of(one))

    def more(door) -> None:
        door.connected(value=True)
        partition = door.partitions()["a"]
        handed_over(door, partition, ("q", 4, 1_700_000_100_000), first=10)
        handed_over(door, partition, ("q", 4, 1_700_000_200_000), first=11)

    source = Scripted(more)
    outputs = [f"jsonl:{one}", f"jsonl:{other}"]
    with running(tmp_path, source, outputs=outputs, job=job) as service:
        assert source.done.wait(30)
        soon(lambda: other.exists() and len(rows_of(one)) > before)
        soon(lambda: service.sinks[1].cursor.rows == service.engine.rows_committed)
        assert service.sinks[1].passed_over == 0
    new = rows_of(other)
    assert new == rows_of(one)[-len(new) :]
    with closing(Journal(tmp_path / "state" / "starwatch.db", reading=True)) as journal:
        assert journal.known_cursor(f"jsonl:{other}").rows == len(rows_of(one))
    assert json.dumps(new)
