"""Engine and model side by side: any calls in any order, with crashes, agree at every step."""

import copy
from itertools import count
from unittest import mock

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from model import Model
from property.copies import through_bytes
from property.players import START_MS, as_tuples, batch_of, rating
from property.streams import jobs, rates
from starwatch.engine import Engine
from starwatch.ratings.rejects import Reason, Reject
from starwatch.windows import operator, panel, watermark

GAPS = st.sampled_from([0, 0, 1, 999, 1_000, 5_000, 60_001])
PICKS = st.integers(0, 5)
SMALL = {
    (watermark, "_FEW_ROWS"): 0,
    (watermark, "_CELLS"): 8,
    (panel, "_COMPACT_FROM"): 1,
    (operator, "_BLOCK_CELLS"): 6,
    (operator, "_COMPACT_ABOVE"): 3,
}


class Agreeing(RuleBasedStateMachine):
    @initialize(job=jobs(), partitions=st.integers(0, 3), small=st.booleans())
    def begin(self, job, partitions, small):
        self.patches = [mock.patch.object(*at, value) for at, value in SMALL.items() if small]
        for patch in self.patches:
            patch.start()
        self.job, self.now = job, START_MS
        self.engine, self.model = Engine(job, seed=5), Model(job)
        self.present, self.numbers, self.positions = [], count(), count()
        self.kept = None
        for _ in range(partitions):
            self.join(caught_up=False, back=False)

    def teardown(self):
        if not hasattr(self, "engine"):
            return
        self.same(self.engine.finish(), self.model.finish())
        self.same_books()
        assert all(book.open == 0 for book in self.engine.books().specs)
        for patch in self.patches:
            patch.stop()

    def later(self, gap) -> int:
        self.now += gap
        return self.now

    def one(self, pick) -> int:
        return self.present[pick % len(self.present)]

    def same(self, rows, expected):
        assert as_tuples(rows, self.engine) == expected

    def same_books(self):
        assert self.engine.books() == self.model.books()
        assert self.engine.books().balanced

    @precondition(lambda self: len(self.present) < 4)
    @rule(caught_up=st.booleans(), back=st.booleans())
    def join(self, caught_up, back):
        """A new partition, or one that left earlier and knows nothing of that."""
        number = next(self.numbers)
        if back and number - 1 not in self.present and number:
            number -= 1
        self.engine.join(number, caught_up=caught_up)
        self.model.join(number, caught_up=caught_up)
        self.present.append(number)

    @precondition(lambda self: self.present)
    @rule(pick=PICKS, gap=GAPS)
    def leave(self, pick, gap):
        partition, now = self.one(pick), self.later(gap)
        self.present.remove(partition)
        self.same(self.engine.leave(partition, now), self.model.leave(partition, now))

    @precondition(lambda self: self.present)
    @rule(data=st.data())
    def ingest(self, data):
        steps = data.draw(st.lists(rates(4, self.job.scale.steps), max_size=30))
        wrong = data.draw(st.lists(PICKS, max_size=2))
        ratings = []
        for step in steps:
            partition = self.one(step.partition)
            given = rating(self.later(step.gap), next(self.positions), step)
            ratings.append(type(given)(given.arrival_ms, partition, *cells(given)))
        rejects = [(self.one(pick), Reject(0, Reason.UNREADABLE, b"?")) for pick in wrong]
        outcome = self.engine.ingest(batch_of(ratings, rejects))
        classes, rows = [], []
        for given in ratings:
            kind, new = self.model.rate(given)
            classes.append(int(kind))
            rows += new
        for _ in wrong:
            self.model.refuse(Reason.UNREADABLE)
        assert outcome.classes.tolist() == classes
        self.same(outcome.rows, rows)

    @rule(gap=GAPS)
    def tick(self, gap):
        now = self.later(gap)
        self.same(self.engine.advance(now), self.model.advance(now))

    @precondition(lambda self: self.present)
    @rule(pick=PICKS, value=st.booleans(), gap=GAPS)
    def catch_up(self, pick, value, gap):
        told = (self.one(pick), value, self.later(gap))
        self.same(self.engine.caught_up(*told), self.model.caught_up(*told))

    @precondition(lambda self: self.present)
    @rule(pick=PICKS, value=st.booleans(), gap=GAPS)
    def connect(self, pick, value, gap):
        told = (self.one(pick), value, self.later(gap))
        self.same(self.engine.connected(*told), self.model.connected(*told))

    @rule()
    def snapshot(self):
        state = (copy.deepcopy(self.model), list(self.present), self.now)
        self.kept = (through_bytes(self.engine.snapshot()), *state)

    @rule()
    def restart(self):
        self.engine = Engine.restore(self.job, through_bytes(self.engine.snapshot()))
        self.engine.restart()
        self.model.restart()

    @precondition(lambda self: self.kept)
    @rule()
    def crash(self):
        """Back to the last snapshot; what came in between may come again, and may not."""
        snapshot, model, present, self.now = self.kept
        self.engine = Engine.restore(self.job, through_bytes(snapshot))
        self.engine.restart()
        self.model, self.present = copy.deepcopy(model), list(present)
        self.model.restart()

    @precondition(lambda self: hasattr(self, "engine"))
    @invariant()
    def agree(self):
        assert self.engine.watermark_ms == self.model.watermark_ms
        self.same_books()
        for spec in range(len(self.job.windows)):
            self.same(self.engine.provisional(spec), self.model.provisional(spec))


def cells(given) -> tuple:
    return (
        given.position,
        given.product,
        given.reviewer,
        given.star_index,
        given.event_ms,
        given.rating_id,
    )


class TestAgreeing(Agreeing.TestCase):
    settings = settings(max_examples=300, stateful_step_count=20, deadline=None)


@pytest.mark.slow
class TestAgreeingForLong(Agreeing.TestCase):
    settings = settings(max_examples=1500, stateful_step_count=40, deadline=None)
