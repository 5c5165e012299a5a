"""What is left of a timeline behind what was committed."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from property.players import batch_of, rating
from property.streams import rates
from starwatch.ratings.batch import Batch
from starwatch.ratings.rejects import Reason, Reject
from starwatch.replay.events import Joins, Leaves
from starwatch.replay.resume import Done, resumed


@st.composite
def timelines(draw):
    """Events whose ratings, rejects and other events are numbered, each from 0."""
    events, ratings, refused, others = [], 0, 0, 0
    kinds = st.sampled_from(["batch", "batch", "joins", "leaves"])
    for kind in draw(st.lists(kinds, max_size=9)):
        if kind == "joins":
            count = draw(st.integers(1, 3))
            events.append(Joins(tuple(range(others, others + count))))
            others += count
        elif kind == "leaves":
            events.append(Leaves(others, 5))
            others += 1
        else:
            steps, more = draw(st.lists(rates(1, 5), max_size=4)), draw(st.integers(0, 3))
            whole = [rating(9, ratings + row, step) for row, step in enumerate(steps)]
            lost = [(0, Reject(refused + n, Reason.OFF_SCALE, b"")) for n in range(more)]
            batch = batch_of(whole, lost)
            if draw(st.booleans()):
                batch = replace(batch, reject_arrival_ms=np.arange(refused, refused + more))
            events.append(batch)
            ratings, refused = ratings + len(steps), refused + more
    return events, Done(ratings, refused, others)


def flat(events):
    """Every single input with its number, by kind."""
    ratings, rejects, others = [], [], []
    for event in events:
        if isinstance(event, Batch):
            ratings += event.position.tolist()
            rejects += [reject.position for _, reject in event.rejects]
            at = event.reject_arrival_ms
            assert at is None or at.tolist() == [reject.position for _, reject in event.rejects]
        else:
            others += event.partitions if isinstance(event, Joins) else [event.partition]
    return ratings, rejects, others


@given(timelines(), st.data())
def test_what_was_played_is_left_out_and_nothing_else(timeline, data):
    events, total = timeline
    joins = [0]
    for event in events:  # partitions join together or not at all
        if not isinstance(event, Batch):
            joins.append(joins[-1] + (len(event.partitions) if isinstance(event, Joins) else 1))
    done = Done(
        data.draw(st.integers(0, total.ratings)),
        data.draw(st.integers(0, total.rejects)),
        data.draw(st.sampled_from(joins)),
    )
    left = list(resumed(iter(events), done))
    assert flat(left) == (
        list(range(done.ratings, total.ratings)),
        list(range(done.rejects, total.rejects)),
        list(range(done.others, total.others)),
    )
    assert all(len(each) or each.rejects for each in left if isinstance(each, Batch))
    order = [type(event) for event in events if not isinstance(event, Batch)]
    rest = [type(event) for event in left if not isinstance(event, Batch)]
    assert rest == order[len(order) - len(rest) :]


def test_nothing_done_is_the_timeline_itself():
    events = [Joins((0,)), batch_of([], [(0, Reject(0, Reason.OFF_SCALE, b""))]), Leaves(0, 3)]
    left = list(resumed(iter(events), Done()))
    assert all(one is other for one, other in zip(left, events, strict=True))
