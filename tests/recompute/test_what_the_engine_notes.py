"""What an engine notes of clock and sources is enough to compute everything again."""

from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from property.players import Player
from property.streams import streams
from recompute.journalling import as_tuples as recomputed_rows
from starwatch.cli.recomputing import rules_of
from starwatch.recompute.ratings import Inputs, Mark
from starwatch.recompute.run import Recomputation
from starwatch.windows import watermark

ONE_DATABASE = [HealthCheck.function_scoped_fixture]


class Noting(Player):
    """Plays a stream on the engine and hands everything on to a recomputation."""

    def __init__(self, inputs, job, caught_up, cuts):
        self.inputs = inputs
        super().__init__(job, [], cuts)
        for partition, value in enumerate(caught_up):
            self.engine.join(partition, caught_up=value)
            inputs.mark(Mark(0, "join", partition))
            self.note(0)

    def took(self, batch, outcome):
        before = self.inputs.ratings
        self.inputs.batch(batch, outcome.classes)
        self.note(before)

    def call(self, now, step):
        super().call(now, step)
        self.note(self.inputs.ratings)
        if step.name == "reject":
            self.inputs.rejects.update(["unreadable"])

    def note(self, before):
        for change in self.engine.changes():
            kind = "tick" if change.partition < 0 else "busy"
            what = (change.partition, change.at_ms, change.busy, change.watermark_ms)
            self.inputs.mark(Mark(before + change.row, kind, *what))


@settings(deadline=None, max_examples=80, suppress_health_check=ONE_DATABASE)
@given(streams(), st.lists(st.integers(1, 40), max_size=3), st.booleans())
def test_rows_and_books_come_from_the_notes_alone(database, stream, cuts, small):
    job, caught_up, steps = stream
    inputs = Inputs(database)
    run = Noting(inputs, job, caught_up, cuts)
    with mock.patch.object(watermark, "_FEW_ROWS", 0 if small else 24):
        run.play(steps)
    inputs.finish()
    again = Recomputation(inputs.database, rules_of(job))
    assert recomputed_rows(again) == run.rows
    assert again.classes() == run.classes
    assert again.watermark_ms == run.engine.watermark_ms
