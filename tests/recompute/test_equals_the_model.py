"""A recomputation equals the model: rows, classes and books, for any stream."""

import pytest
from hypothesis import HealthCheck, given, settings

from model.values import INFINITY
from property.streams import streams
from recompute.journalling import as_tuples, in_order, play, recomputed, same_books
from starwatch.recompute.ratings import Inputs
from starwatch.recompute.sql import END_OF_TIME

MANY = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@given(streams())
@settings(max_examples=60, **MANY)
def test_rows_classes_and_books_are_the_models(database, stream):
    check(database, stream)


@pytest.mark.slow
@given(streams(max_size=120))
@settings(max_examples=600, **MANY)
def test_the_same_for_many_long_streams(database, stream):
    check(database, stream)


def check(database, stream):
    run = play(*stream)
    same(database, run)
    run.finish()
    same(database, run)


def same(database, run):
    got = recomputed(Inputs(database), run)
    watermark = run.model.watermark_ms
    assert got.watermark_ms == (END_OF_TIME if watermark == INFINITY else watermark)
    assert got.classes() == run.classes
    assert got.other_classes() == 0
    assert as_tuples(got) == run.rows
    assert as_tuples(got, emitted=False) == in_order(run.rows)
    assert same_books(got.counts(), run.model.books())
    assert got.counts().balanced
