"""What views say under one number is of one commit, also while they are taking the next."""

from contextlib import closing
from threading import Event

import pytest

from starwatch.history.files import write_panes
from starwatch.journal.entries import Entry
from starwatch.journal.places import Places
from starwatch.journal.store import Commit
from starwatch.views import ProductQuery, Views
from starwatch.views.picture import Picture
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec
from views.looking import every_window
from views.made import begun, commit, entry

SPEC = WindowSpec.parse("10s/5s")
JOB = Job((SPEC,), time=WindowTime.ARRIVAL, bound_ms=0)


@pytest.fixture
def looks(monkeypatch):
    """What views show whenever the thread that follows a state does something without the lock."""
    opened, shown = [], []

    def looked_at(method):
        def looking(*args):
            shown.extend(look(views) for views in opened)
            return method(*args)

        return looking

    monkeypatch.setattr(Picture, "counted", looked_at(Picture.counted))
    monkeypatch.setattr(Picture, "tidied", looked_at(Picture.tidied))
    return opened, shown


def look(views):
    about = views.about()
    page = views.products(ProductQuery(sort="id"))
    return about.seq, page.seq, about.products, page.total, every_window(views, SPEC, emitted=True)


def seen(views, products):
    while views.about().products < products:
        views.wait(views.seq, 5)


def test_a_commit_is_seen_whole_as_soon_as_any_of_it_is(tmp_path, looks):
    opened, shown = looks
    with closing(begun(tmp_path, JOB)) as journal, Views.open(tmp_path) as views:
        before = look(views)
        opened.append(views)
        commit(journal, [("A", 1, 0), ("B", 3, 1)], 20_000)
        seen(views, 2)
        after = look(views)
    assert shown[-1] == after
    assert before[0] < after[0]


def test_no_window_is_missing_while_files_take_the_beginning_of_what_was_kept(tmp_path, looks):
    opened, shown = looks
    with closing(begun(tmp_path, JOB)) as journal, Views.open(tmp_path) as views:
        for place in range(3):  # which views keep as one part
            commit(journal, [(name, place, place) for name in "ABC"[: place + 1]], 20_000)
            seen(views, place + 1)
        before = look(views)
        opened.append(views)
        first = [next(iter(journal.entries()))]
        panes = write_panes(Places(tmp_path).history, JOB, first)
        journal.commit(Commit(Entry(entry([]).ratings), panes=panes))
        while views.seq == before[0]:
            views.wait(views.seq, 5)
    assert shown
    assert all(each[4] == before[4] for each in shown)


def test_what_is_committed_after_a_quiet_while_is_seen_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("starwatch.views.following._PAUSE_SECONDS", 600)
    committed = Event()
    with (
        closing(begun(tmp_path, JOB)) as journal,
        Views.open(tmp_path, committed=committed) as views,
    ):
        seq = views.seq
        commit(journal, [("A", 1, 0)], 20_000)
        committed.set()
        assert views.wait(seq, 60) > seq
        assert views.about().products == 1
