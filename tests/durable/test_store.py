"""The journal of a state: commits, what they leave behind, and what a reader sees meanwhile."""

import sqlite3
from contextlib import closing
from functools import partial

import numpy as np
import pytest

from property.players import batch_of, rating
from property.streams import Rate
from starwatch.errors import BadState, MissingInput, OutputFailed
from starwatch.journal.commit import Commit, Position
from starwatch.journal.entries import Entry, Mark, MarkKind
from starwatch.journal.pane_files import PaneFile, PaneRange
from starwatch.journal.retention import Pruning
from starwatch.journal.sealing import seal
from starwatch.journal.store import KEPT_SNAPSHOTS, Journal
from starwatch.ports import Cursor
from starwatch.ratings.rejects import Reason, Reject


@pytest.fixture
def journal(tmp_path):
    with closing(Journal(tmp_path / "starwatch.db")) as journal:
        yield journal


def ratings(count, *rejects):
    step = Rate(0, 0, "p", "u", 1, 0, "")
    batch = batch_of([rating(5, row, step) for row in range(count)], list(rejects))
    return Entry.of([(batch, np.zeros(count, np.uint8), None)], [Mark(MarkKind.TICK, count, 9)])


def test_commits_are_numbered_from_one_and_read_back_in_order(journal, tmp_path):
    assert [journal.commit(Commit(ratings(n))) for n in (2, 0, 3)] == [1, 2, 3]
    with closing(Journal(tmp_path / "starwatch.db", reading=True)) as reader:
        for each in (journal, reader):
            found = [(number, len(entry.ratings)) for number, entry in each.entries()]
            assert found == [(1, 2), (2, 0), (3, 3)]
            assert [number for number, _ in each.entries(1, 2)] == [2]
    assert journal.to_seal(3) == (0, 5, 3)


def test_everything_of_a_commit_is_there_or_nothing(journal):
    reject = Reject(4, Reason.OFF_SCALE, b"\xff")
    position = Position("f.csv").moved([1, 0, 0, 0], 1)
    commit = Commit(
        ratings(1, (0, reject)),
        rejects=[(0, reject)],
        positions={0: position},
        rows=(3, b"rows"),
        cursors={"s": Cursor(2, 50)},
        facts={"a": [1, None]},
        snapshot=("x", 1),
    )
    journal.commit(commit)

    def all_of_it():
        return (
            [number for number, _ in journal.entries()],
            list(journal.rejects()),
            journal.positions(),
            list(journal.rows()),
            journal.cursor("s"),
            journal.fact("a"),
            journal.snapshots(),
        )

    before = all_of_it()
    assert before == (
        *([1], [(0, reject)], {0: position}, [(0, b"rows")]),
        *(Cursor(2, 50), [1, None], [("x", 1)]),
    )
    with pytest.raises(BadState):  # the same snapshot cannot be named twice
        journal.commit(commit)
    assert all_of_it() == before
    assert list(journal.rejects("unreadable")) == []
    assert journal.cursor("other") == Cursor()
    assert journal.fact("b") is None


def test_rows_are_numbered_on_though_the_outbox_lets_go(journal):
    for count in (2, 3, 4):
        journal.commit(Commit(ratings(0), rows=(count, b"x" * count)))
    assert list(journal.rows(4)) == [(2, b"xxx"), (5, b"xxxx")]
    journal.commit(Commit(ratings(0), rows_done=4))
    assert list(journal.rows()) == [(2, b"xxx"), (5, b"xxxx")]
    journal.commit(Commit(ratings(0), rows_done=9))
    assert list(journal.rows()) == [(5, b"xxxx")]
    journal.commit(Commit(ratings(0), rows=(1, b"y"), rows_done=9))
    assert list(journal.rows(9)) == [(9, b"y")]


def test_the_newest_snapshots_keep_their_names(journal):
    for number in range(1, 5):
        journal.commit(Commit(ratings(1), snapshot=(f"s{number}", number)))
    assert journal.snapshots() == [("s4", 4), ("s3", 3)]
    assert len(journal.snapshots()) == KEPT_SNAPSHOTS


def test_sealed_entries_leave_the_journal_and_their_numbers_go_on(journal, tmp_path):
    for _ in range(3):
        journal.commit(Commit(ratings(2)))
    sealing = seal(tmp_path / "ratings", 0, partial(journal.entries, 0, 2))
    assert journal.commit(Commit(ratings(5), sealing=sealing)) == 4
    assert [number for number, _ in journal.entries()] == [3, 4]
    assert [tmp_path.joinpath("ratings", name).is_file() for name in journal.sealed()] == [True]
    assert [mark.after for mark in journal.sealed_marks()] == [2, 4]
    assert journal.to_seal(4) == (4, 7, 2)


def test_a_reader_in_the_middle_sees_one_moment(journal, tmp_path):
    journal.commit(Commit(ratings(1)))
    with closing(Journal(tmp_path / "starwatch.db", reading=True)) as reader:
        with reader.at_one_moment():
            before = reader.to_seal(9)
            journal.commit(Commit(ratings(1)))
            assert reader.to_seal(9) == before
        assert reader.to_seal(9) != before


def test_a_disk_that_fails_is_no_corruption(journal, tmp_path):
    with closing(sqlite3.connect(tmp_path / "starwatch.db")) as database:
        (pages,) = database.execute("PRAGMA page_count").fetchone()
    journal._database.execute(f"PRAGMA max_page_count = {pages + 2}")  # noqa: SLF001
    entry = ratings(0)
    with pytest.raises(OutputFailed, match=r"full.*nothing that was committed is lost"):  # noqa: PT012
        for number in range(99):
            journal.commit(Commit(entry, facts={f"{number}": "x" * 900}))
    done = len(list(journal.entries()))
    assert 0 < done < 99
    assert journal.fact(f"{done - 1}")
    assert journal.fact(f"{done}") is None
    journal._database.execute("PRAGMA max_page_count = 10000")  # noqa: SLF001
    assert journal.commit(Commit(ratings(0))) == done + 1


def test_what_is_not_there_is_not_made_by_reading(tmp_path):
    with pytest.raises(MissingInput):
        Journal(tmp_path / "starwatch.db", reading=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("beside_a_run", [True, False])
def test_panes_that_are_let_go_are_noted(journal, beside_a_run):
    files = [PaneFile(f"tier=5s/{n}.parquet", 5_000, n * 10**6, n * 10**6, 1, 9, 9) for n in (1, 2)]
    journal.commit(Commit(ratings(1), panes=PaneRange(1, tuple(files))))
    assert journal.panes_since(5_000) is None
    pruning = Pruning(panes=(files[0].name,))
    if beside_a_run:
        journal.commit(Commit(ratings(1), pruning=pruning))
    else:
        journal.forget(pruning)
    assert journal.pane_files() == files[1:]
    assert journal.panes_since(5_000) == 10**6 + 5_000
