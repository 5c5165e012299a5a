"""Views that may keep hardly anything in memory show the same."""

import logging
import mmap
import random
import time
from contextlib import closing
from itertools import pairwise

import numpy as np
import pytest

from starwatch.views import ProductQuery, Views, following, spill
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec
from views.looking import every_window
from views.made import begun, commit

SPECS = (WindowSpec.parse("60s/1s"), WindowSpec.parse("10s/5s"))
JOB = Job(SPECS, time=WindowTime.ARRIVAL, bound_ms=0)
SMALL = 20_000
COMMITS = [*range(0, 150_001, 7_500)]


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """6,000 ratings of 40 products in twenty commits, none in a file."""
    folder = tmp_path_factory.mktemp("state")
    with closing(begun(folder, JOB)) as journal:
        write(journal)
    return folder


def write(journal):
    chance = random.Random(5)  # noqa: S311 - the same every time
    for begin, end in pairwise(COMMITS):
        times = sorted(chance.randrange(begin, end) for _ in range(300))
        commit(journal, [(f"p{chance.randrange(40)}", chance.randrange(5), t) for t in times], end)


def shown(views):
    rows = views.products(ProductQuery(sort="id", limit=100)).rows
    newest = [rows.stars.tolist(), rows.open_stars.tolist(), rows.all_stars.tolist()]
    moving = [np.nan_to_num(rows.change).tolist(), np.nan_to_num(rows.trend).tolist()]
    return newest, moving, [every_window(views, spec, emitted=True) for spec in SPECS]


def in_memory(views):
    """Bytes of panes that lie in memory, counted column by column."""
    picture = views._follower.picture  # noqa: SLF001 - nothing shows what lies where
    parts = [part.panes.columns for each in picture.unfiled.values() for part in each.parts]
    pieces = [
        (piece.codes, piece.stars)
        for current in picture.current
        for pieces in current._pieces.values()  # noqa: SLF001
        for piece in pieces
    ]
    return sum(column.nbytes for columns in parts + pieces for column in columns if own(column))


def own(column):
    """Whether a column lies in memory of its own, not in a file that is mapped."""
    while isinstance(column, np.ndarray):
        column = column.base
    return not isinstance(column, mmap.mmap)


def within_budget(views):
    """What was shown at once is brought within the budget right behind."""
    until = time.monotonic() + 10
    while in_memory(views) > SMALL:
        assert time.monotonic() < until
        time.sleep(0.001)


def test_a_small_budget_holds_and_shows_the_same(state):
    with Views.open(state) as views:
        expected, whole = shown(views), in_memory(views)
    assert whole > 8 * SMALL
    with Views.open(state, memory=SMALL) as views:
        assert in_memory(views) <= SMALL
        assert shown(views) == expected


def test_a_small_budget_holds_while_commits_come(state, tmp_path, monkeypatch):
    monkeypatch.setattr(following, "_PORTION", 100)
    with Views.open(state) as views:
        expected = shown(views)
    with closing(begun(tmp_path, JOB)) as journal, Views.open(tmp_path, memory=SMALL) as views:
        write(journal)
        journal.note({"identity": "all"})
        while views.about().identity != "all":
            views.wait(views.seq, 10)
            within_budget(views)
        assert shown(views) == expected


def test_where_no_temporary_file_can_be_written_panes_stay_in_memory(state, monkeypatch, caplog):
    def full(**_):
        raise OSError(28, "No space left on device")

    with Views.open(state) as views:
        expected = shown(views)
    monkeypatch.setattr(spill, "TemporaryFile", full)
    with caplog.at_level(logging.WARNING), Views.open(state, memory=SMALL) as views:
        assert shown(views) == expected
    assert "panes stay in memory, for no temporary file can be written" in caplog.text


def test_what_neither_the_newest_windows_nor_trends_reach_is_let_go(tmp_path):
    with closing(begun(tmp_path, JOB)) as journal, Views.open(tmp_path) as views:
        write(journal)
        commit(journal, [], 10 * COMMITS[-1])
        journal.note({"identity": "all"})
        while views.about().identity != "all":
            views.wait(views.seq, 10)
        picture = views._follower.picture  # noqa: SLF001
        assert not any(current.held for current in picture.current)
