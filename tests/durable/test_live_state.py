"""A live stream through a state: restarts, clock and sources, then everything computed again."""

import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from durable.test_crash_property import Disk
from property.players import Player, batch_of, on_model
from property.streams import streams
from recompute.journalling import as_tuples
from starwatch.admission.ledger import Books
from starwatch.cli.recomputing import rules_of, take_journal
from starwatch.journal.places import Places
from starwatch.journal.store import Journal
from starwatch.ratings.rejects import Reason, Reject
from starwatch.recompute.ratings import Inputs, open_database
from starwatch.recompute.run import Recomputation
from starwatch.service.durable import DurableEngine
from starwatch.service.rhythm import Rhythm
from starwatch.service.state import State


class Live(Player):
    """A player whose engine is durable; it commits behind every step, and dies at a restart."""

    def __init__(self, folder, job, caught_up, cuts, rhythm):
        self._folder, self._job, self._rhythm = folder, job, rhythm
        self._stack = ExitStack()
        self.rows, self.opened = [], 0
        self._cuts, self._turn, self._waiting = cuts or [1], 0, []
        self.classes = []
        self.open()
        for partition, value in enumerate(caught_up):
            self.engine.name_partition(partition, f"p{partition}")
            self.engine.join(partition, caught_up=value)

    def open(self):
        state = self._stack.enter_context(State(self._folder, rhythm=self._rhythm))
        self.engine = DurableEngine(
            state.journal,
            state.upkeep(self._job),
            self._job,
            open_sinks=Disk(self.rows, 1).opened,
            names=[],
            rhythm=self._rhythm,
        )

    def die(self):
        """As a crash does: nothing more is committed."""
        self.engine.__exit__(SystemExit, None, None)
        self._stack.close()

    def call(self, now, step):
        engine = self.engine
        if step.name == "restart":
            engine.commit()
            self.die()
            self.open()
            self.engine.restart()
        elif step.name == "reject":
            engine.advance(now)
            reject = Reject(0, Reason.UNREADABLE, b"?")
            engine.ingest(batch_of([], [(step.partition, reject)]))
        elif step.name == "advance":
            engine.advance(now)
        else:
            method = engine.connected if "connected" in step.name else engine.caught_up
            method(step.partition, step.name in ("caught_up", "connected"), now)
        self.engine.commit()

    def keep(self, rows):
        """The sink has them, once they are committed."""
        del rows
        self.engine.commit()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(streams(), st.lists(st.integers(1, 40), max_size=3), st.integers(1, 12), st.booleans())
def test_a_live_state_equals_the_model_and_is_computed_again(stream, cuts, seal, snapshots):
    job, caught_up, steps = stream
    model, rows, classes = on_model(job, caught_up, steps)
    rhythm = Rhythm(
        seal_ratings=1 << 30 if seal % 2 else seal,
        seal_entries=seal,
        snapshot_seconds=0 if snapshots else 1e9,
    )
    with tempfile.TemporaryDirectory() as folder:
        live = Live(Path(folder), job, caught_up, cuts, rhythm)
        live.play(steps)
        live.engine.commit()
        live.die()
        assert live.rows == rows
        assert live.classes == classes
        places = Places(Path(folder))
        with (
            closing(Journal(places.database, reading=True)) as journal,
            open_database() as database,
        ):
            if journal.fact("books") is not None:
                assert msgspec.convert(journal.fact("books"), Books) == model.books()
            take_journal(inputs := Inputs(database), journal, places.ratings)
            again = Recomputation(inputs.database, rules_of(job))
            assert as_tuples(again) == rows
            assert again.other_classes() == again.other_met() == 0
