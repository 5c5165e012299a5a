"""What every sink that writes to a server promises, asked of the real servers."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import hook
import network_run
import numpy as np
import pytest
from network_targets import (
    KafkaTarget,
    MosquittoTarget,
    PostgreSQLTarget,
    RedisTarget,
    Target,
    WebhookTarget,
    assert_target_holds,
    replaced,
)
from outbox_run import fill, follower, following, soon
from sink_rows import NASTY, context, corrected, expected, rows, split

from starwatch.ports import Cursor, LastingSink, Origin, RowContext
from starwatch.service.pauses import Pauses
from starwatch.sinks.registry import open_lasting, parse_sink
from starwatch.windows.rows import WindowRows
from starwatch.windows.spec import WindowSpec

PATH = [str(Path(__file__).parent), *(str(Path(__file__).parents[n]) for n in (1, 2))]
TARGETS = [
    PostgreSQLTarget,
    RedisTarget,
    MosquittoTarget,
    WebhookTarget,
    pytest.param(KafkaTarget, marks=pytest.mark.slow),
]


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest, servers) -> Target:
    return request.param(servers)


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STARWATCH_WEBHOOK_SECRET", hook.SECRET)
    monkeypatch.setattr(Pauses, "next", lambda _: 0.1)


def gentle(target: Target, windows: tuple[str, ...] = ("30s/5s",), scale="1..5/1") -> RowContext:
    """Rules and all the nasty products that the target does take."""
    ids = [product for product in NASTY if product != target.poison]
    of = context(tuple(map(WindowSpec.parse, windows)), scale, ids)
    return late(of)


def late(of: RowContext) -> RowContext:
    """The same rules with an hour of allowed lateness."""
    return replace(of, job=replace(of.job, lateness_ms=3_600_000))


def opened(
    target: Target, of: RowContext, cursor: int = 0, *, given: int = 0, state: str = "this-state"
) -> LastingSink:
    origin = RowContext(of.job, of.products, Origin(state, given))
    return open_lasting(parse_sink(target.url()), origin, Cursor(cursor))


def write(target: Target, of: RowContext, whole: WindowRows, start: int = 0, **more) -> None:
    with closing(opened(target, of, start, **more)) as sink:
        for part in split(whole.take(slice(start, None)), 3):
            sink.write(part)
            sink.secured()
        assert sink.secured().rows == len(whole)


@pytest.mark.parametrize(
    ("windows", "scale"),
    [(("30s/5s", "1d/1h+15m"), "1..5/1"), (("90s/250ms+3ms",), "-1..1/0.5")],
)
def test_what_is_read_back_is_what_was_written(
    target: Target, windows: tuple[str, ...], scale: str
) -> None:
    of = gentle(target, windows, scale)
    whole = corrected(of)
    write(target, of, whole)
    assert_target_holds(target, of, whole)


def test_counts_beyond_32_bits_are_exact(target: Target) -> None:
    of = gentle(target)
    whole = rows(of, 30, most=2**40)
    whole = WindowRows(
        whole.spec,
        np.arange(30, dtype=np.int32) % len(of.products),
        whole.end_ms + np.arange(30) * 5000,
        whole.stars,
        whole.revision,
    )
    write(target, of, whole)
    assert_target_holds(target, of, whole)


def test_a_restart_at_any_cursor_changes_nothing(target: Target) -> None:
    of = gentle(target)
    whole = corrected(of)
    write(target, of, whole)
    for start in (0, 1, 150, 299, 300):
        write(target, of, whole, start, given=len(whole))
        assert_target_holds(target, of, whole)


def test_an_older_revision_that_comes_again_does_not_replace_a_newer_one(target: Target) -> None:
    of = gentle(target)
    twice = corrected(of).take(slice(100))
    newer = WindowRows(twice.spec, twice.product, twice.end_ms, twice.stars + 1, twice.revision + 9)
    write(target, of, WindowRows.concat([twice, newer]))
    # A state that begins anew knows nothing of what is there.
    with closing(opened(target, of, state="another")) as sink:
        sink.write(twice)
        sink.secured()
    held = {row["revision"] for row in target.held(of.job.scale)}
    assert min(held) >= 9


def test_another_state_is_not_taken_for_this_one(target: Target) -> None:
    of = gentle(target)
    whole = corrected(of, 100)
    write(target, of, rows(of, 100, seed=2).take(slice(0, 60)), state="another")
    later = WindowRows(whole.spec, whole.product, whole.end_ms + 10**6, whole.stars, whole.revision)
    write(target, of, later)
    held = {(row["product"], row["end"]) for row in target.held(of.job.scale)}
    newest = replaced(expected(of, later), newest_only=True)
    assert {(row["product"], row["end"]) for row in newest} <= held


def test_rows_of_a_future_that_was_lost_do_not_hide_those_of_the_new_one(target: Target) -> None:
    """A state that was put back to an earlier moment gives other rows under the same numbers."""
    of = gentle(target)
    write(target, of, corrected(of, 200))
    whole = corrected(of, 200)
    other = WindowRows(whole.spec, whole.product, whole.end_ms + 10**6, whole.stars, whole.revision)
    write(target, of, other, 50, given=50)
    kept = expected(of, other.take(slice(50, None)))
    held = target.held(of.job.scale)
    wanted = {(r["product"], r["end"]) for r in kept}
    assert {(r["product"], r["end"]) for r in held if r["end"] >= kept[0]["end"]} <= wanted
    assert max(r["end"] for r in held) == max(r["end"] for r in kept)


def test_rows_that_are_skipped_are_counted(target: Target) -> None:
    of = gentle(target)
    whole = corrected(of, 100)
    with closing(opened(target, of)) as sink:
        sink.write(whole.take(slice(40)))
        sink.skip(10)
        sink.write(whole.take(slice(50, None)))
        assert sink.secured().rows == 100
    left = WindowRows.concat([whole.take(slice(40)), whole.take(slice(50, None))])
    assert_target_holds(target, of, left)


def test_a_target_that_is_away_at_first_gets_all_rows_when_it_comes(
    target: Target, tmp_path: Path
) -> None:
    of = gentle(target)
    whole = corrected(of)
    fill(tmp_path / "starwatch.db", split(whole, 3))
    target.server.stop()
    with following(tmp_path, target.url(), of) as made:
        soon(lambda: made.health.failures >= 2)
        assert made.health.state == "broken"
        target.server.start()
        soon(lambda: made.cursor.rows == len(whole))
    assert made.health.state in {"running", "stopped"}
    assert_target_holds(target, of, whole)


def test_a_target_that_is_killed_in_the_middle_gets_all_rows(
    target: Target, tmp_path: Path
) -> None:
    of = gentle(target)
    whole = corrected(of, 2000)
    parts = split(whole, 5)
    database = tmp_path / "starwatch.db"
    fill(database, parts[:10])
    with following(tmp_path, target.url(), of) as made:
        for first in (10, 20):
            soon(lambda: made.cursor.rows)
            target.server.kill()
            fill(database, parts[first : first + 10])
            made.tell()
            target.server.start()
        fill(database, parts[30:])
        made.tell()
        soon(lambda: made.cursor.rows == len(whole))
    assert_target_holds(target, of, whole)


def test_a_frozen_target_is_noticed_and_gets_all_rows_when_it_thaws(
    target: Target, tmp_path: Path
) -> None:
    of = gentle(target)
    whole = corrected(of)
    database = tmp_path / "starwatch.db"
    fill(database, [whole.take(slice(100))])
    with following(tmp_path, target.url(), of) as made:
        soon(lambda: made.cursor.rows == 100)
        target.server.freeze()
        try:
            fill(database, [whole.take(slice(100, None))])
            made.tell()
            soon(lambda: made.health.state == "broken", 15)
        finally:
            target.server.thaw()
        soon(lambda: made.cursor.rows == len(whole))
    assert_target_holds(target, of, whole)


@pytest.mark.parametrize("ways", [("to_server",), ("to_client",)])
def test_a_network_that_forwards_nothing_more_costs_no_row_and_doubles_none(
    target: Target, tmp_path: Path, proxy_to, ways
) -> None:
    of = gentle(target)
    whole = corrected(of)
    database = tmp_path / "starwatch.db"
    fill(database, [whole.take(slice(100))])
    proxy = target.behind(proxy_to)
    with following(tmp_path, target.url(proxy.port), of) as made:
        soon(lambda: made.cursor.rows == 100)
        proxy.pause(*ways)  # towards the client: rows are taken, and the answer is lost
        fill(database, [whole.take(slice(100, None))])
        made.tell()
        soon(lambda: made.health.state == "broken", 15)
        proxy.cut()
        proxy.resume()
        soon(lambda: made.cursor.rows == len(whole))
    assert_target_holds(target, of, whole)


@pytest.mark.slow
def test_a_process_that_is_killed_again_and_again_loses_no_row_and_doubles_none(
    target: Target, tmp_path: Path
) -> None:
    of, whole = network_run.job()
    database = tmp_path / "starwatch.db"
    command = [sys.executable, network_run.__file__, str(database), target.url()]
    ends = []
    for seconds in (0.7, 0.9, 1.1, 1.3, 120):
        child = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(PATH)})
        try:
            ends.append(child.wait(seconds))
        except subprocess.TimeoutExpired:
            child.kill()
            ends.append(child.wait())
    assert ends[-1] == 0
    assert ends.count(-signal.SIGKILL) >= 2
    assert_target_holds(target, of, whole)


def test_a_row_that_is_never_taken_is_put_aside_and_the_others_are_there(
    target: Target, tmp_path: Path
) -> None:
    of = late(context())
    if target.poison is not None:
        target.spoil()
    whole = corrected(of)
    bad = np.array([p == target.poison for p in of.products.texts(whole.product)])
    fill(tmp_path / "starwatch.db", split(whole, 3))
    with following(tmp_path, target.url(), of) as made:
        soon(lambda: made.cursor.rows == len(whole))
        assert (made.refusals, made.health.failures) == (int(bad.sum()), 0)
    refused = tmp_path / "refused" / "rows.jsonl"
    assert refused.exists() == (target.poison is not None)
    lines = refused.read_text(encoding="utf-8").splitlines() if refused.exists() else []
    assert [json.loads(line)["row"]["product"] for line in lines] == [target.poison] * bad.sum()
    assert_target_holds(target, of, whole.take(~bad))


@pytest.mark.slow
def test_a_hundred_thousand_rows_take_seconds(target: Target, tmp_path: Path) -> None:
    of = context(ids=[f"{n:010d}" for n in range(2000)])
    products = np.tile(np.arange(2000, dtype=np.int32), 50)
    whole = rows(of, 100_000)
    whole = WindowRows(
        whole.spec,
        products,
        np.repeat(1_622_505_600_000 + 5000 * np.arange(50), 2000),
        whole.stars,
        np.zeros(100_000, np.int32),
    )
    fill(tmp_path / "starwatch.db", [whole.take(slice(n, n + 2000)) for n in range(0, 10**5, 2000)])
    began = time.monotonic()
    with following(tmp_path, target.url(), of) as made:
        soon(lambda: made.cursor.rows == len(whole), 60)  # a few seconds on an idle machine
    assert time.monotonic() - began < 60
    assert len(target.held(of.job.scale)) == (2000 if target.newest_only else 100_000)


def test_a_target_that_hangs_does_not_hold_up_the_end(target: Target, tmp_path: Path) -> None:
    of = gentle(target)
    whole = corrected(of)
    fill(tmp_path / "starwatch.db", [whole.take(slice(100))])
    made = follower(tmp_path, target.url(), of)
    made.start()
    soon(lambda: made.cursor.rows == 100)
    target.server.freeze()
    try:
        fill(tmp_path / "starwatch.db", [whole.take(slice(100, None))])
        made.drain()
        began = time.monotonic()
        assert not made.join(0.5)
        assert time.monotonic() - began < 1
        soon(lambda: not made._thread.is_alive(), 10)  # noqa: SLF001
    finally:
        target.server.thaw()
    assert made.cursor.rows == 100


def test_no_secret_is_shown(
    target: Target, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    of = gentle(target)
    url = target.url()
    fill(tmp_path / "starwatch.db", [corrected(of, 10)])
    target.server.stop()
    with caplog.at_level(logging.DEBUG), following(tmp_path, url, of) as made:
        soon(lambda: made.health.failures >= 1)
        shown = f"{made.name} {made.health} {caplog.text} {parse_sink(url)}"
    assert "s3cret" not in shown
    assert made.name in caplog.text
