"""Random jobs and ratings: views against the engine's rows and against every single rating."""

import tempfile
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from history.histories import History, histories, inside, time_of
from starwatch.history.files import write_panes
from starwatch.journal.entries import Entry
from starwatch.journal.places import Places
from starwatch.journal.store import Commit, Journal
from starwatch.service.state import job_facts
from starwatch.views import ProductQuery, Views
from starwatch.views.picture import MEMORY_BYTES
from views.looking import every_window


def committed(history: History, folder: Path, cuts: list[int], filed: int) -> None:
    """A state that holds a history in commits cut there, the panes of the first ones in files."""
    places = Places(folder)
    edges = [0, *sorted(min(cut, len(history.ratings)) for cut in cuts), len(history.ratings)]
    with closing(Journal(places.database)) as journal:
        journal.note({"job": job_facts(history.job), "watermark_ms": history.watermark_ms})
        for number, (start, stop) in enumerate(pairwise(edges), 1):
            journal.commit(Commit(Entry(history.ratings.slice(start, stop - start))))
            if number == filed:
                panes = write_panes(places.history, history.job, journal.entries())
                journal.commit(Commit(Entry(history.ratings.slice(0, 0)), panes=panes))


def complete(history: History, spec) -> dict:
    """Every rating by itself into each closed window of a spec, as {(product, end): stars}."""
    job, sums = history.job, {}
    for row in inside(history.ratings):
        first = spec.last_end_at(time_of(row, job)) + 1
        for end in map(spec.end_ms, range(first, first + spec.panes)):
            if history.watermark_ms is not None and end <= history.watermark_ms:
                stars = sums.setdefault((row["product"], end), [0] * job.scale.steps)
                stars[row["stars"]] += 1
    return {key: tuple(stars) for key, stars in sums.items()}


PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
"""A counter-example is told as it was found: to make it smaller would take minutes of states."""

MEMORY = st.sampled_from([MEMORY_BYTES, 300, 0])
"""With hardly any, most panes lie in temporary files."""


@given(histories(), st.lists(st.integers(0, 60), max_size=4), st.integers(0, 5), MEMORY)
@settings(deadline=None, max_examples=25, phases=PHASES)
def test_views_are_the_rows_of_the_engine_and_the_sums_of_all_ratings(history, cuts, filed, memory):
    with tempfile.TemporaryDirectory() as folder:
        committed(history, Path(folder), cuts, filed)
        with Views.open(Path(folder), memory=memory) as views:
            check(views, history)


@given(histories(), st.lists(st.integers(0, 60), max_size=4), st.integers(0, 5), MEMORY)
@settings(deadline=None, max_examples=12, phases=PHASES)
def test_the_same_where_commits_come_while_a_view_is_open(history, cuts, filed, memory):
    with tempfile.TemporaryDirectory() as folder:
        with closing(Journal(Places(Path(folder)).database)) as journal:
            journal.note({"job": job_facts(history.job)})
        with Views.open(Path(folder), memory=memory) as views:
            committed(history, Path(folder), cuts, filed)
            with closing(Journal(Places(Path(folder)).database)) as journal:
                journal.note({"identity": "all"})
            seen(views)
            check(views, history)


def seen(views: Views) -> None:
    """Wait until the last commit is seen; what keeps it from that is said at once."""
    until = time.monotonic() + 20
    while views.about().identity != "all" and time.monotonic() < until:
        views.wait(views.seq, 0.2)
        assert not views.about().trouble
    assert views.about().identity == "all"


def check(views: Views, history: History) -> None:
    steps = history.job.scale.steps
    for number, spec in enumerate(history.job.windows):
        closed = {
            (product, end): stars
            for (spec_number, product, end), stars in history.closed.items()
            if spec_number == number
        }
        assert every_window(views, spec, emitted=True) == closed
        assert every_window(views, spec, emitted=False) == complete(history, spec)
        page = views.products(ProductQuery(window=number, sort="id", limit=100))
        watermark = history.watermark_ms
        end = None if watermark is None else spec.end_ms(spec.last_end_at(watermark))
        assert page.end_ms == end
        for product, stars in zip(page.rows.id, page.rows.stars.tolist(), strict=True):
            assert tuple(stars) == closed.get((product, end), (0,) * steps)
        change = page.rows.change.tolist()
        for product, found in zip(page.rows.id, change, strict=True):
            both = closed.get((product, end)) and closed.get((product, (end or 0) - spec.size_ms))
            assert (found == found) == bool(both)  # noqa: PLR0124 - NaN is not itself
    assert sum(map(sum, page.rows.all_stars.tolist())) == len(inside(history.ratings))
