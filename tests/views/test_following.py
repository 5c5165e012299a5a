"""Views beside a process that writes, is killed, seals, backfills and prunes."""

import random
import signal
import time

import pytest

from commands import starwatch
from durable.runs import FREQUENT, Scene, committed, killed_at, started, untidy_files
from starwatch.views import ProductQuery, Views
from starwatch.windows.spec import WindowSpec
from views.looking import every_window

SPEC = WindowSpec.parse("10m/5m")
OTHER = WindowSpec.parse("30m/10m")


def shown(views):
    """Everything that a page could show of the ratings."""
    page = views.products(ProductQuery(sort="id", limit=1000))
    rows = page.rows
    return {
        "newest": (page.end_ms, rows.id, rows.stars.tolist(), rows.trend.tolist().__repr__()),
        "totals": rows.all_stars.tolist(),
        "books": views.about().books,
        "emitted": every_window(views, SPEC, emitted=True),
        "complete": every_window(views, OTHER, emitted=False),
    }


def settled(views, state):
    """Wait until views have seen everything that is committed."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        books = views.about().books
        if books.received == committed(state):
            return
        views.wait(views.seq, 0.2)
    pytest.fail(f"seen {views.about().books}, committed {committed(state)}")


def assert_as_opened_anew(views, state):
    """A view that has followed shows what one shows that is opened now: nothing lost or doubled."""
    settled(views, state)
    with Views.open(state) as anew:
        assert shown(views) == shown(anew)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return untidy_files(tmp_path_factory.mktemp("files"), rows=160, seed=3)


@pytest.mark.slow
def test_a_view_that_follows_kills_and_restarts_misses_and_doubles_nothing(files, tmp_path):
    scene = Scene(files, tmp_path)
    assert killed_at(scene, "commit.after:4", *FREQUENT)
    chance, points = random.Random(8), 0  # noqa: S311 - the same kills every time
    places = ["commit.inside", "commit.after", "history.after_rename", "seal.after_rename"]
    with Views.open(scene.state) as views:
        for _ in range(5):
            if not killed_at(scene, f"{chance.choice(places)}:{chance.randint(5, 12)}", *FREQUENT):
                break
            assert_as_opened_anew(views, scene.state)
            after = len(every_window(views, SPEC, emitted=True))
            assert after >= points
            points = after
        assert points > 20
        while killed_at(scene, "commit.after:40", *FREQUENT):
            pass
        assert_as_opened_anew(views, scene.state)
        rows = {
            (row["product"], int(row["end"].timestamp() * 1000)): tuple(
                row[f"stars_{star}"] for star in range(1, 6)
            )
            for row in scene.rows()
            if row["window"] == SPEC.label
        }
        assert every_window(views, SPEC, emitted=True) == rows


def test_a_view_follows_a_run_in_another_process(tmp_path, files):
    scene = Scene(files, tmp_path, fast=False, options=("--rate", "40", "--window", "5s/1s"))
    with started(scene, *FREQUENT) as process:
        until = time.monotonic() + 30
        while committed(scene.state) < 10 and time.monotonic() < until:
            time.sleep(0.05)
        with Views.open(scene.state) as views:
            seen, seqs = [], [views.seq]
            while len(seen) < 8:
                seqs.append(views.wait(seqs[-1], 10))
                seen.append(views.about().books.received)
            assert seqs == sorted(set(seqs))
            assert seen == sorted(seen)
            assert seen[-1] > seen[0] > 0
            assert views.about().running
            process.send_signal(signal.SIGKILL)
            process.wait()
            settled(views, scene.state)
            assert not views.about().running
            with Views.open(scene.state) as anew:
                assert shown_tumbling(views) == shown_tumbling(anew)
                assert anew.seq > seqs[0]


def shown_tumbling(views):
    spec = WindowSpec.parse("5s/1s")
    page = views.products(ProductQuery(sort="id", limit=1000))
    return every_window(views, spec, emitted=True), page.rows.all_stars.tolist(), page.end_ms


@pytest.mark.slow
def test_a_backfill_and_a_pruning_are_seen(tmp_path, files):
    scene = Scene(files, tmp_path)
    assert killed_at(scene, "commit.after:20", *FREQUENT)
    old = tmp_path / "old.csv"
    old.write_text("".join(f"o{n},p{n % 9},5,{1_600_000_000 + n}\n" for n in range(90)))
    with Views.open(scene.state) as views:
        before = shown(views)
        done = starwatch("backfill", "--state", scene.state, old)
        assert done.code == 0, done.err
        until = time.monotonic() + 20
        while not views.about().backfills and time.monotonic() < until:
            views.wait(views.seq, 0.2)
        after = shown(views)
        assert after["emitted"] == before["emitted"]
        assert after["newest"] == before["newest"]
        many = sum(map(sum, after["totals"])) - sum(map(sum, before["totals"]))
        assert many == 90
        assert after["complete"] != before["complete"]
        assert_as_opened_anew(views, scene.state)
        assert starwatch("state", "prune", "--state", scene.state, "--keep", "0s").code == 0
        until = time.monotonic() + 20
        while views.about().since_ms[300_000] is None and time.monotonic() < until:
            views.wait(views.seq, 0.2)
        with Views.open(scene.state) as anew:
            assert views.products(ProductQuery()).end_ms == after["newest"][0]
            page = anew.products(ProductQuery())  # its panes were let go: it is not shown in part
            assert page.end_ms is None
            assert not page.rows.count.any()
            totals = anew.products(ProductQuery(sort="id", limit=1000)).rows.all_stars.tolist()
            assert totals == after["totals"]
            assert every_window(anew, SPEC, emitted=True) == every_window(views, SPEC, emitted=True)


def test_a_state_that_is_begun_anew_is_read_anew(tmp_path, files):
    scene = Scene(files, tmp_path)
    assert killed_at(scene, "commit.after:20", *FREQUENT)
    with Views.open(scene.state) as views:
        received = views.about().books.received
        assert killed_at(scene, "commit.after:8", *FREQUENT, "--again")
        until = time.monotonic() + 20
        while views.about().books.received == received and time.monotonic() < until:
            views.wait(views.seq, 0.2)
        assert_as_opened_anew(views, scene.state)
