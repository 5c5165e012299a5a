"""The memory of duplicates equals a list of first arrivals, however crowded its table is."""

from unittest import mock

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from model import Rating
from model.memory import Memory as Model
from property.copies import through_bytes
from property.players import batch_of
from starwatch.admission import duplicates
from starwatch.admission.duplicates import Memory
from starwatch.windows.job import Duplicates, Job


class Crowded:
    """Fingerprints that are distinct, and nearly all want the same few slots of the table."""

    known: dict = {}  # noqa: RUF012 - emptied by every machine

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def of_ids(self, ids):
        return np.array([self.print_of(x) for x in ids.to_pylist()], np.uint64)

    def of_content(self, reviewer, product, event_ms, stars):
        rows = (reviewer.to_pylist(), product.to_pylist(), event_ms.tolist(), stars.tolist())
        return np.array([self.print_of(row) for row in zip(*rows, strict=True)], np.uint64)

    def print_of(self, what) -> int:
        number = self.known.setdefault((self.seed, what), len(self.known))
        return (number << 20) | [15, 15, 14, 0, 15, 1][number % 6]


ratings = st.tuples(
    st.sampled_from(["", "", "1", "2", "3", "4", "5"]),  # id
    st.sampled_from(["", "u", "v"]),  # reviewer
    st.one_of(st.none(), st.integers(-3, 12)),  # event time, about that of the watermark
    st.integers(0, 1),  # star
    st.sampled_from([*[0] * 8, 1, 1, 3]),  # how far the watermark comes with it
)


class Remembering(RuleBasedStateMachine):
    @initialize(
        kind=st.sampled_from([Duplicates.IDS, Duplicates.CONTENT]),
        capacity=st.integers(1, 8),
        horizon=st.sampled_from([0, 1, 3, 20, 1_000_000]),
        crowded=st.booleans(),
    )
    def begin(self, kind, capacity, horizon, crowded):
        if crowded:
            Crowded.known.clear()
            self.patch = mock.patch.object(duplicates, "Fingerprints", Crowded)
            self.patch.start()
        self.job = Job(duplicates=kind, max_entries=capacity, horizon_ms=horizon)
        self.memory, self.model = Memory(self.job, seed=7), Model(self.job)
        self.watermark, self.position = 0, 0
        self.kept = None

    def teardown(self):
        if hasattr(self, "patch"):
            self.patch.stop()

    @rule(some=st.lists(ratings, min_size=1, max_size=20))
    def rate(self, some):
        rows, before, expected = [], [], []
        for rating_id, reviewer, event, star, step in some:
            about = self.watermark // 8 * 8
            own = None if event is None else about + event
            rating = Rating(about, 0, self.position, "A", reviewer, star, own, rating_id)
            rows.append(rating)
            before.append(self.watermark)
            expected.append(self.model.holds(rating, self.watermark))
            if not expected[-1]:
                self.model.remember(rating)
            self.watermark += step
            self.position += 1
        times = np.array([rating.window_time(self.job) for rating in rows])
        found = self.memory.find(batch_of(rows), times, np.array(before))
        assert found.tolist() == expected

    @rule(names=st.permutations(range(30)))
    def rate_many_new_ones(self, names):
        """The ring turns several times, and the table is built anew."""
        self.rate([(f"new {self.position} {name}", "", 1, 0, 0) for name in names])

    @rule()
    def restart(self):
        snapshot = through_bytes(self.memory.snapshot())
        self.memory = Memory(self.job)
        self.memory.restore(snapshot)

    @rule()
    def keep(self):
        state = (list(self.model.first_arrivals), self.watermark)
        self.kept = (through_bytes(self.memory.snapshot()), *state)

    @precondition(lambda self: self.kept is not None)
    @rule()
    def crash(self):
        snapshot, first_arrivals, self.watermark = self.kept
        self.model.first_arrivals = list(first_arrivals)
        self.memory = Memory(self.job)
        self.memory.restore(through_bytes(snapshot))


TestRemembering = Remembering.TestCase
TestRemembering.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
