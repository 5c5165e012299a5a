"""An engine that is given what Flink writes back comes to the rows and books of Flink."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from flink.written_back import WrittenBack, as_messages
from property.players import as_tuples, batch_of, rating, timed
from property.streams import jobs, rates
from starwatch.engine import Engine
from starwatch.errors import BadSetting
from starwatch.flink.back import BackRows
from starwatch.flink.reading import back_source
from starwatch.journal.entries import Entry, as_batch
from starwatch.ratings.batch import Batch
from starwatch.ratings.scale import Scale
from starwatch.service.restoring import give
from starwatch.windows.job import Job, Quiet, WindowTime

PARTITIONS = 2
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]


@st.composite
def streams(draw):
    job = replace(draw(jobs()), lateness_ms=0, quiet=Quiet.WAIT)
    size = draw(st.integers(0, 60))
    each = rates(PARTITIONS, job.scale.steps)
    return job, timed(draw(st.lists(each, min_size=size, max_size=size)))


def elsewhere(job: Job) -> Job:
    return replace(job, time=WindowTime.EVENT, elsewhere=True)


def batch_from(decoded, arrival_ms: int) -> Batch:
    number = len(decoded)
    return Batch(
        arrival_ms=np.full(number, arrival_ms),
        partition=np.zeros(number, np.int32),
        position=decoded.position,
        product=decoded.product,
        reviewer=decoded.reviewer,
        stars=decoded.stars,
        event_ms=decoded.event_ms,
        rating_id=decoded.rating_id,
        rejects=[(0, reject) for reject in decoded.rejects],
        found=decoded.found,
    )


@given(streams(), st.data())
@settings(deadline=None, max_examples=150, phases=PHASES)
def test_rows_and_books_are_those_of_the_engine_that_counted(stream, data):
    job, steps = stream
    flink = Engine(job)
    for partition in range(PARTITIONS):
        flink.join(partition)
    written, emitted = WrittenBack(job), []
    for position, (now, step) in enumerate(steps):
        batch = batch_of([rating(now, position, step)])
        outcome = flink.ingest(batch)
        emitted += as_tuples(outcome.rows, flink)
        written.take(batch, outcome, flink.watermark_ms)
    engine, reader, rows = Engine(elsewhere(job)), BackRows(job.scale), []
    engine.join(0)
    again = Engine(elsewhere(job))  # is given the journal of the other
    again.join(0)
    left, now = written.rows, 200_000_000
    while left:
        cut = data.draw(st.integers(1, len(left)))
        transaction, left = left[:cut], left[cut:]
        transaction = data.draw(st.permutations(transaction))
        batch = batch_from(reader.decode(as_messages(transaction), np.arange(cut)), now)
        outcome = engine.ingest(batch)
        rows += as_tuples(outcome.rows, engine)
        entry = Entry.decode(Entry.of([(batch, outcome.classes, outcome.met_ms)], []).encode())
        for each in entry.steps():
            give(again, each)
        if reader.watermark_ms is not None:
            rows += as_tuples(engine.reached(reader.watermark_ms, now), engine)
            again.reached(reader.watermark_ms, now)
        now += 1000
    assert rows == emitted
    expected, books = flink.books(), engine.books()
    assert again.books() == books
    assert books.balanced
    pending = written.waiting.total()
    assert books.counted == expected.counted - pending
    for name in ("duplicate", "late", "rejected"):
        assert getattr(books, name) == getattr(expected, name)
    for mine, theirs in zip(books.specs, expected.specs, strict=True):
        assert (mine.closed, mine.missed) == (theirs.closed, theirs.missed)


def test_what_can_be_no_row_is_a_reject_and_stops_nothing():
    good = b'{"kind":"pane","product":"A","end_ms":5000,"stars":[0,0,0,1,2]}'
    bad = [
        b"",
        b"{",
        b"[]",
        b'{"kind":"pane","product":"A","end_ms":5000,"stars":[1]}',
        b'{"kind":"pane","product":"","end_ms":5000,"stars":[0,0,0,0,1]}',
        b'{"kind":"pane","product":"A","end_ms":5000,"stars":[0,0,0,0,-1]}',
        b'{"kind":"late","product":"A","star":5,"event_ms":1}',
        b'{"kind":"rejected","reason":"none of ours"}',
        b'{"kind":"other"}',
    ]
    decoded = BackRows(Scale()).decode([None, *bad, good], np.arange(len(bad) + 2))
    assert len(decoded.rejects) == len(bad) + 1
    assert decoded.product.to_pylist() == ["A"] * 3
    assert decoded.stars.tolist() == [3, 4, 4]
    assert decoded.event_ms.tolist() == [4_999] * 3


def test_an_engine_of_a_job_elsewhere_is_moved_by_word_alone():
    engine = Engine(Job(elsewhere=True))
    engine.join(0, caught_up=True)
    pane = b'{"kind":"pane","product":"A","end_ms":5000,"stars":[0,0,0,1,2]}'
    batch = batch_from(BackRows(Scale()).decode([pane], np.arange(1)), 7_000)
    assert not len(engine.ingest(batch).rows)
    assert engine.watermark_ms is None
    assert not len(engine.reached(4_999, 8_000))
    assert len(engine.reached(5_000, 9_000)) == 1


def test_there_are_no_corrections_elsewhere():
    with pytest.raises(BadSetting, match="no allowed lateness"):
        Job(elsewhere=True, lateness_ms=1)


def test_journalled_ratings_tell_what_was_found_of_them():
    rows = [
        b'{"kind":"duplicate","product":"A","star":1,"event_ms":1,"met_ms":9}',
        b'{"kind":"partly","product":"A","star":1,"event_ms":4000,"met_ms":5000}',
    ]
    batch = batch_from(BackRows(Scale()).decode(rows, np.arange(2)), 7_000)
    outcome = Engine(Job(elsewhere=True)).ingest(batch)
    found = as_batch(Entry.of([(batch, outcome.classes, outcome.met_ms)], []).ratings).found
    assert found is not None
    assert found.duplicate.tolist() == [True, False]
    assert found.met_ms.tolist() == [9, 5000]
    assert pa.array(outcome.classes).to_pylist() == [1, 0]


def test_what_flink_wrote_is_read_from_its_first_row_by_a_group_that_is_not_flinks():
    for url, options in (("?from=latest", {}), ("", {"from": "latest"})):
        source = back_source(f"kafka://127.0.0.1:9092/back{url}", Scale.parse("1..5/1"), options)
        assert source._rules.unknown == "earliest"  # noqa: SLF001
        assert source.name == "kafka://127.0.0.1:9092/back?group=starwatch-back"
