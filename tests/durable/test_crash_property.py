"""Dropped at any point and opened again, a durable engine gives what a bare one gives."""

import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import chain, cycle
from pathlib import Path
from unittest import mock

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from property.players import START_MS, as_tuples, batch_of, rating, timed
from property.streams import jobs, rates
from starwatch import failpoints
from starwatch.admission.ledger import Books
from starwatch.engine import Engine
from starwatch.history.panes import pane_tables
from starwatch.history.reading import panes_kept
from starwatch.history.tiers import tiers_ms
from starwatch.journal.entries import SCHEMA, MarkKind
from starwatch.journal.listing import late_ratings
from starwatch.journal.places import DATABASE, HISTORY, RATINGS, SNAPSHOTS, Places
from starwatch.journal.store import Journal
from starwatch.ports import Cursor
from starwatch.ratings.batch import Batch
from starwatch.ratings.rejects import Reason, Reject
from starwatch.replay.events import Joins, Leaves
from starwatch.replay.resume import resumed
from starwatch.service.durable import DurableEngine
from starwatch.service.rhythm import Rhythm
from starwatch.service.state import State
from starwatch.service.upkeep import Upkeep

PARTITIONS = 3
PLACES = [
    *("commit.before", "commit.inside", "commit.after"),
    *("sink.before", "sink.written", "sink.secured"),
    *("snapshot.before", "snapshot.written", "snapshot.renamed"),
    *("history.before", "history.before_rename", "history.after_rename"),
    *("seal.before", "seal.before_rename", "seal.after_rename"),
    *("merge.before", "merge.written", "merge.renamed", "prune.named", "prune.removed"),
]


class Crash(BaseException):
    """The process is gone: nothing may take notice of it."""


@dataclass(frozen=True)
class Death:
    """After so many events, or at a failpoint before that; perhaps it takes a snapshot with it."""

    events: int
    place: str
    times: int
    breaks_snapshot: bool


class Disk:
    """A sink's rows, which outlive it as a file does; opening lets go of what no cursor holds.

    Only whole parts of some rows are certain before it is closed, so cursors stand anywhere.
    """

    name, lasting = "disk", True

    def __init__(self, rows, part):
        self.rows, self._part = rows, part
        self.engine = None

    def opened(self, products, cursor):
        self.engine = mock.Mock(products=products)
        del self.rows[cursor(self.name).rows :]
        return [self]

    def write(self, rows):
        self.rows += as_tuples(rows, self.engine)

    def secured(self):
        return Cursor(len(self.rows) // self._part * self._part, 0)

    def close(self):
        self._part = 1


class Later:
    """Runs what it is given only when its result is asked for: the engine has gone on by then."""

    def submit(self, function, *arguments):
        self._call = lambda: function(*arguments)
        return self

    def done(self):
        return True

    def result(self):
        return self._call()

    def shutdown(self):
        pass


class Chosen(Upkeep):
    """Takes a snapshot behind those commits that it is told to."""

    def __init__(self, state, job, choices):
        rhythm = replace(state.rhythm, snapshot_seconds=0)
        super().__init__(Places(state.directory), state.snapshots, job, rhythm=rhythm)
        self._thread, self._choices = Later(), choices

    def start_if_due(self, number, engine):
        if next(self._choices):
            super().start_if_due(number, engine)


@st.composite
def events(draw, steps):
    """Laps in which partitions join, batches come with rejects or without, partitions leave."""
    out, now, position = [], START_MS, 0
    reasons = st.lists(st.sampled_from([Reason.UNREADABLE, Reason.OFF_SCALE]), max_size=2)
    for _ in range(draw(st.integers(1, 2))):
        out.append(Joins(tuple(range(PARTITIONS))))
        for ratings in draw(st.lists(st.lists(rates(PARTITIONS, steps), max_size=5), max_size=9)):
            shifted = [(now + at - START_MS, step) for at, step in timed(ratings)]
            now = shifted[-1][0] if shifted else now
            whole = [rating(at, position + row, step) for row, (at, step) in enumerate(shifted)]
            position += len(whole)
            lost = [Reject(position, why, b"?") for why in draw(reasons)]
            out.append(batch_of(whole, [(position % PARTITIONS, reject) for reject in lost]))
        out += [Leaves(p, now) for p in draw(st.permutations(range(PARTITIONS)))]
    return out


deaths = st.builds(
    Death,
    events=st.integers(0, 20),
    place=st.sampled_from([*PLACES, "nowhere"]),
    times=st.integers(1, 5),
    breaks_snapshot=st.booleans(),
)


def give(engine, event):
    """Play one event; the rows that it caused."""
    if isinstance(event, Batch):
        return engine.ingest(event).rows
    if isinstance(event, Leaves):
        return engine.leave(event.partition, event.at_ms)
    for partition in event.partitions:
        engine.join(partition)
    return None


def on_bare(job, stream):
    engine, rows = Engine(job), []
    for event in stream:
        new = give(engine, event)
        rows += as_tuples(new, engine) if new is not None else []
    return rows + as_tuples(engine.finish(), engine), engine.books()


class Host:
    """A machine whose process dies now and then: its folder and its sink's rows stay."""

    def __init__(self, root, job, rhythm, *, snapshots, part):
        self.folder, self.rows, self._part = root / "0", [], part
        self._root, self._job, self._rhythm, self._snapshots = root, job, rhythm, snapshots
        self._lives, self._broken = 0, False

    def live(self, stream, death):
        """Run until that death; returns whether the end came first."""
        armed = mock.patch.dict(failpoints._left, {death.place: death.times} if death else {})  # noqa: SLF001
        killed = mock.patch.object(failpoints, "kill", side_effect=Crash)
        with ExitStack() as stack, armed, killed:
            try:
                self._run(stack, stream, death.events if death else 1 << 30)
            except Crash:
                self._crash()
                if death.breaks_snapshot and not self._broken:  # two would be too many
                    self._break_snapshot()
                return False
        return True

    def _run(self, stack, stream, most):
        state = stack.enter_context(State(self.folder, rhythm=self._rhythm))
        durable = DurableEngine(
            state.journal,
            Chosen(state, self._job, self._snapshots),
            self._job,
            open_sinks=Disk(self.rows, self._part).opened,
            names=[f"file {n}" for n in range(PARTITIONS)],
            rhythm=self._rhythm,
        )
        for number, event in enumerate(resumed(iter(stream), durable.done)):
            if number == most:
                raise Crash
            give(durable, event)
        if not durable.finished:
            durable.finish()
        durable.__exit__(None)

    def _crash(self):
        """The disk as it lies is all that the next process sees; the lock is let go."""
        self._lives += 1
        copy = self._root / str(self._lives)
        shutil.copytree(self.folder, copy)
        self.folder, self.rows = copy, list(self.rows)

    def _break_snapshot(self):
        if not (self.folder / DATABASE).is_file():
            return
        with closing(Journal(self.folder / DATABASE)) as journal:
            for name, _ in journal.snapshots()[:1]:
                (self.folder / SNAPSHOTS / name).write_bytes(b"broken")
                self._broken = True


def marks_of(stream):
    """What happens besides ratings, and behind how many ratings of all."""
    ratings, marks = 0, []
    for event in stream:
        if isinstance(event, Batch):
            ratings += len(event)
        elif isinstance(event, Leaves):
            marks.append((MarkKind.LEAVE, event.partition, ratings))
        else:
            marks += [(MarkKind.JOIN, partition, ratings) for partition in event.partitions]
    return [*marks, (MarkKind.FINISH, -1, ratings)]


def journalled_marks(journal):
    """The same, as a journal and what was sealed of it have it."""
    marks = [(mark.kind, mark.partition, mark.after) for mark in journal.sealed_marks()]
    start, *_ = journal.to_seal(1 << 62)
    for _, entry in journal.entries():
        marks += [(mark.kind, mark.partition, start + mark.after) for mark in entry.marks]
        start += len(entry.ratings)
    return marks


def panes_of(journal, folder, job, tier):
    """Every pane as files and the newest entries have it."""
    with journal.at_one_moment():
        return summed(panes_kept(journal, folder / HISTORY, job, [tier])[tier].table())


def panes_again(journal, folder, job, tier):
    """The same, counted anew from all that was journalled."""
    sealed = [pq.read_table(folder / RATINGS / name, schema=SCHEMA) for name in journal.sealed()]
    entries = [pa.Table.from_batches([entry.ratings]) for _, entry in journal.entries()]
    ratings = pa.concat_tables([SCHEMA.empty_table(), *sealed, *entries])
    ((_, table),) = pane_tables(ratings, job, [tier])
    return summed(table)


def summed(table):
    sums = Counter()
    for row in table.to_pylist():
        key = row["product"], row["start_ms"], row["met_ms"]
        stars = [row[name] for name in table.schema.names[3:]]
        sums.update({(*key, star): n for star, n in enumerate(stars) if n})
    return sums


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_durable_engine_that_dies_equals_a_bare_one(data):
    job = data.draw(jobs())
    stream = data.draw(events(job.scale.steps))
    rows, books = on_bare(job, stream)
    rhythm = Rhythm(
        commit_ratings=data.draw(st.integers(1, 12)),
        commit_seconds=data.draw(st.sampled_from([0.0, 1e9])),
        seal_ratings=data.draw(st.sampled_from([1, 5, 12, 1 << 30])),
        seal_entries=data.draw(st.sampled_from([1, 3, 1 << 30])),
        merge_files=data.draw(st.sampled_from([2, 3, 16])),
    )
    snapshots = data.draw(st.lists(st.booleans(), max_size=9))
    with tempfile.TemporaryDirectory() as root:
        host = Host(
            Path(root),
            job,
            rhythm,
            snapshots=chain(snapshots, cycle([True, False])),
            part=data.draw(st.sampled_from([1, 1, 3, 50])),
        )
        for death in data.draw(st.lists(deaths, max_size=4)):
            if host.live(stream, death):
                break
        else:
            assert host.live(stream, None)
        assert host.rows == rows
        with closing(Journal(host.folder / DATABASE, reading=True)) as journal:
            assert msgspec.convert(journal.fact("books"), Books) == books
            positions = journal.positions().values()
            assert sum(p.ratings + p.rejects for p in positions) == books.received
            assert len(list(journal.rejects())) == books.rejected
            assert journalled_marks(journal) == marks_of(stream)
            late = late_ratings(journal, host.folder / RATINGS)
            assert sum(map(len, late)) == books.late
            for tier in tiers_ms(job.windows):
                assert panes_of(journal, host.folder, job, tier) == panes_again(
                    journal, host.folder, job, tier
                )
        assert {path.name for path in host.folder.iterdir()} >= {DATABASE, SNAPSHOTS}
