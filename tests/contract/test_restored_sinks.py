"""A state put back to an earlier moment, and targets that know its other life; real servers."""

from contextlib import closing
from pathlib import Path

import pytest
from network_targets import KafkaTarget, PostgreSQLTarget, RedisTarget, Target
from outbox_run import commit, soon
from sink_rows import context, corrected, rows

from service.live_sources import Scripted, handed_over
from service.serving import JOB, running
from starwatch.journal.store import Journal
from starwatch.ports import Cursor, LastingSink, Origin, RowContext
from starwatch.service.backup import back_up
from starwatch.service.bounds import Bounds
from starwatch.service.live import Deadlines
from starwatch.service.pauses import Pauses
from starwatch.sinks.registry import open_lasting, parse_sink

TARGETS = [
    PostgreSQLTarget,
    RedisTarget,
    pytest.param(KafkaTarget, marks=pytest.mark.slow),
]
AT_ONCE = Deadlines(sources=5.0, sinks=0.2)


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest, servers, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setattr(Pauses, "next", lambda _: 0.1)
    made: Target = request.param(servers)
    return made


def live(folder: Path, target: Target, first: int, *products: str):
    """A service that is given one rating of each product, by a door that was there before."""

    def script(door) -> None:
        door.connected(value=True)
        partition = door.partition("a")
        handed_over(door, partition, *((product, 4) for product in products), first=first)
        door.caught_up(partition, value=True)

    return running(folder, Scripted(script), outputs=[target.url()], deadlines=AT_ONCE)


def closes(service, before: int, ratings: int) -> None:
    """Wait until the windows of so many ratings are committed, two for each."""
    soon(lambda: service.engine.rows_committed >= before + 2 * ratings)


def given(service) -> None:
    """Wait until the sink has all that is committed."""
    (sink,) = service.sinks
    soon(lambda: sink.cursor.rows == service.engine.rows_committed)


@pytest.mark.parametrize("starts", [1, 2])
def test_a_target_that_was_away_when_a_backup_was_begun_with_gets_every_row(
    target: Target, tmp_path: Path, starts: int
) -> None:
    (tmp_path / "bak").mkdir()
    with live(tmp_path, target, 0, "a", "b", "c") as service:
        closes(service, 0, 3)
        given(service)
        soon(lambda: not service.engine.followed.waiting)
        back_up(tmp_path / "state", tmp_path / "bak" / "state")
    with live(tmp_path, target, 3, "d", "e") as service:
        closes(service, 6, 2)
        given(service)
    target.server.stop()
    fresh = [f"z{n}" for n in range(1, 9)]
    with live(tmp_path / "bak", target, 3, *fresh) as service:
        closes(service, 6, len(fresh))
    for start in range(1, starts):
        with live(tmp_path / "bak", target, 3 + len(fresh), "z9") as service:
            closes(service, 6 + 2 * len(fresh), start)
        fresh.append("z9")
    with live(tmp_path / "bak", target, 3 + len(fresh), "last") as service:
        target.server.start()
        given(service)
        closes(service, 6 + 2 * len(fresh), 1)
        given(service)
    wanted = {*fresh, "last"}
    assert wanted <= {row["product"] for row in target.held(JOB.scale)}
    if target.sequence and target.exact:
        came = [row["product"] for row in target.came() if row["product"] in {"a", "b", *wanted}]
        assert sorted(came) == sorted(2 * ["a", "b", *wanted])


def opened(target: Target, of: RowContext, cursor: int, bound: int) -> LastingSink:
    origin = RowContext(of.job, of.products, Origin("this-state", bound))
    return open_lasting(parse_sink(target.url()), origin, Cursor(cursor))


def test_a_cursor_that_was_cut_back_stays_so_without_a_row(target: Target) -> None:
    """A process may be killed behind it, and the next one knows of no other life."""
    of = context(ids=["p", "q"])
    whole, other = corrected(of, 200), rows(of, 200, seed=2)
    with closing(opened(target, of, 0, 0)) as sink:
        sink.write(whole)
    opened(target, of, 50, 50).close()
    with closing(opened(target, of, 50, 200)) as sink:
        sink.write(other.take(slice(50, 60)))
        assert sink.secured().rows == 60
        if target.sequence:
            assert len(target.came()) == 210


def test_a_bound_stands_until_the_target_was_met(tmp_path: Path) -> None:
    of = context()
    path = tmp_path / "starwatch.db"

    def started(*sinks: str) -> Bounds:
        with closing(Journal(path)) as journal:
            bounds = Bounds(journal, path, sinks)
            commit(journal, rows(of, 10))
            return bounds

    assert started("a", "b").of("a") == 0
    started("a").met("a")
    assert started("a", "c").of("a") == 20  # what it was given since it was met counts
    again = started("a", "b", "c")
    assert [again.of(name) for name in "abc"] == [20, 0, 0]
    again.met("a")
    started()  # a run without it: from here on it may have been given other rows
    assert started("a").of("a") == 40
