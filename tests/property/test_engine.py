"""The engine equals a brute-force model, for any stream and however it is cut into batches."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from property.players import Player, as_tuples, on_model
from property.streams import Rate, streams
from starwatch.admission.ledger import Class
from starwatch.windows import operator, panel, watermark
from starwatch.windows.job import Duplicates, Job, Quiet, WindowTime
from starwatch.windows.spec import WindowSpec

CUTS = st.lists(st.integers(1, 60), max_size=4)


@pytest.fixture
def tiny_blocks(monkeypatch):
    """Every column-wise shortcut is taken, and every block is cut, on streams of forty ratings."""
    monkeypatch.setattr(watermark, "_FEW_ROWS", 0)
    monkeypatch.setattr(watermark, "_CELLS", 8)
    monkeypatch.setattr(panel, "_COMPACT_FROM", 1)
    monkeypatch.setattr(operator, "_BLOCK_CELLS", 6)
    monkeypatch.setattr(operator, "_COMPACT_ABOVE", 3)


@given(streams(), CUTS)
@settings(max_examples=200, deadline=None)
def test_rows_classes_and_books_are_the_models(stream, cuts):
    check(stream, cuts)


@given(streams(), CUTS)
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.usefixtures("tiny_blocks")
def test_the_same_in_tiny_blocks(stream, cuts):
    check(stream, cuts)


@pytest.mark.slow
@given(streams(max_size=120), CUTS)
@settings(max_examples=1000, deadline=None)
def test_the_same_for_many_long_streams(stream, cuts):
    check(stream, cuts)


@pytest.mark.slow
@given(streams(max_size=80), CUTS)
@settings(
    max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.usefixtures("tiny_blocks")
def test_the_same_for_many_streams_in_tiny_blocks(stream, cuts):
    check(stream, cuts)


@pytest.mark.usefixtures("tiny_blocks")
def test_a_rating_that_wakes_its_partition_meets_the_watermark_of_before():
    """So the first one with its id is still remembered, for it was at that very moment."""
    job = Job(
        windows=(WindowSpec(1, 1),),
        live=False,
        time=WindowTime.EVENT,
        quiet=Quiet.WAIT,
        duplicates=Duplicates.IDS,
        horizon_ms=0,
        bound_ms=0,
    )
    steps = [
        Rate(0, partition=1, product="A", reviewer="", star=0, delay=0, rating_id=""),
        Rate(0, partition=0, product="A", reviewer="", star=0, delay=-1, rating_id="1"),
        Rate(1_000, partition=0, product="A", reviewer="", star=0, delay=0, rating_id="1"),
    ]
    stream = job, [True, True], steps
    assert on_model(*stream)[2] == [Class.COUNTED, Class.COUNTED, Class.DUPLICATE]
    check(stream, [1])


def check(stream, cuts):
    job, caught_up, steps = stream
    model, rows, classes = on_model(job, caught_up, steps)
    player = Player(job, caught_up, cuts)
    player.play(steps)
    assert player.classes == classes
    assert player.rows == rows
    assert player.engine.books() == model.books()
    assert player.engine.books().balanced
    for spec in range(len(job.windows)):
        provisional = as_tuples(player.engine.provisional(spec), player.engine)
        assert provisional == model.provisional(spec)
    player.keep(player.engine.finish())
    assert player.rows == rows + model.finish()
    assert player.engine.books() == model.books()
    assert all(book.open == 0 for book in player.engine.books().specs)
