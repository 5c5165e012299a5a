"""Journal entries: through bytes and back, and their inputs in order."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from property.players import batch_of, rating
from property.streams import rates
from starwatch.admission.ledger import Class
from starwatch.journal.entries import SCHEMA, Entry, Mark, MarkKind, as_batch, joined
from starwatch.ratings.batch import NO_TIME, Batch
from starwatch.ratings.rejects import Reason, Reject

rejects = st.lists(
    st.tuples(
        st.integers(0, 2), st.builds(Reject, st.just(0), st.sampled_from(Reason), st.binary())
    ),
    max_size=3,
)


@st.composite
def inputs(draw):
    """Batches with classes, and marks by rising place, as a commit collects them."""
    parts, marks, total = [], [], 0
    for steps in draw(st.lists(st.lists(rates(3, 5), max_size=4), max_size=4)):
        marks += [
            Mark(kind, total, at, partition, value)
            for kind, at, partition, value in draw(
                st.lists(
                    st.tuples(
                        st.sampled_from(MarkKind),
                        st.integers(0, 2**62),
                        st.integers(-1, 9),
                        st.booleans(),
                    ),
                    max_size=2,
                )
            )
        ]
        ratings = [rating(1000 + row, row, step) for row, step in enumerate(steps)]
        batch = batch_of(ratings, draw(rejects))
        if draw(st.booleans()):
            batch = replace(batch, rating_id=None)
        classes = draw(st.lists(st.sampled_from(Class), min_size=len(batch), max_size=len(batch)))
        met = None
        if draw(st.booleans()):
            numbers = st.one_of(st.just(NO_TIME), st.integers(0, 2**60))
            met = draw(st.lists(numbers, min_size=len(batch), max_size=len(batch)))
            met = np.array(met, np.int64)
        parts.append((batch, np.array(classes, np.uint8), met))
        total += len(batch)
    return parts, marks


def columns(batch):
    """A batch as plain values; without ids they are empty ones."""
    return [
        *(getattr(batch, name).tolist() for name in ("arrival_ms", "partition", "position")),
        *(getattr(batch, name).tolist() for name in ("stars", "event_ms")),
        *(each.to_pylist() for each in (batch.product, batch.reviewer, batch.ids())),
    ]


@given(inputs())
def test_an_entry_through_bytes_is_the_same(given_inputs):
    parts, marks = given_inputs
    entry = Entry.of(parts, marks)
    back = Entry.decode(entry.encode())
    assert back.ratings.to_pylist() == entry.ratings.to_pylist()
    assert back.ratings.schema.remove_metadata() == SCHEMA
    assert (back.marks, back.refused) == (tuple(marks), entry.refused)
    classes = [each for _, some, _ in parts for each in some.tolist()]
    assert back.ratings.column("class").to_pylist() == classes
    assert back.ratings.column("met_ms").to_pylist() == [
        None if met is None or met[row] == NO_TIME else met[row]
        for batch, _, met in parts
        for row in range(len(batch))
    ]
    whole = Batch.concat([batch_of([]), *(batch for batch, *_ in parts)])
    assert columns(as_batch(back.ratings)) == columns(whole)


@given(inputs())
def test_the_steps_are_the_inputs_in_order(given_inputs):
    parts, marks = given_inputs
    steps = list(Entry.decode(Entry.of(parts, marks).encode()).steps())
    assert [step for step in steps if isinstance(step, Mark)] == marks
    seen, batches = 0, []
    for step in steps:
        if isinstance(step, Mark):
            assert step.after == seen
        else:
            assert len(step) or step.rejects
            seen += len(step)
            batches.append(step)
    whole = Batch.concat([batch_of([]), *(batch for batch, *_ in parts)])
    assert columns(Batch.concat([batch_of([]), *batches])) == columns(whole)
    came = sorted(r.reason for batch, *_ in parts for _, r in batch.rejects)
    assert sorted(r.reason for batch in batches for _, r in batch.rejects) == came


@given(st.lists(inputs(), max_size=4), st.integers(1, 9))
def test_joined_steps_are_the_same_inputs_in_fewer_batches(given_entries, limit):
    steps = [step for parts, marks in given_entries for step in Entry.of(parts, marks).steps()]
    made = list(joined(steps, limit))
    assert told(made) == told(steps)
    sizes = [len(step) if isinstance(step, Batch) else None for step in made]
    sizes = [size for size in sizes if size != 0]  # rejects come alone
    for one, other in pairwise(sizes):
        assert one is None or other is None or one >= limit


def told(steps):
    """All ratings, each mark with its place among them, and the reasons of all rejects."""
    batches = [step for step in steps if isinstance(step, Batch)]
    ratings = [len(step) if isinstance(step, Batch) else 0 for step in steps]
    places = [sum(ratings[:at]) for at in range(len(steps))]
    marks = [(at, s) for at, s in zip(places, steps, strict=True) if isinstance(s, Mark)]
    refused = sorted(reject.reason for batch in batches for _, reject in batch.rejects)
    return columns(Batch.concat([batch_of([]), *batches])), marks, refused


@pytest.mark.parametrize("damage", ["cut", "empty", "garbage"])
def test_broken_bytes_are_no_entry(damage):
    whole = Entry.of([], [Mark(MarkKind.FINISH, 0)]).encode()
    data = {"cut": whole[: len(whole) // 2], "empty": b"", "garbage": b"\xff" * 99}[damage]
    with pytest.raises((ValueError, KeyError, OSError)):
        Entry.decode(data)
