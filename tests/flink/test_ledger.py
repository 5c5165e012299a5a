"""What Flink wrote back against the topics that it reads: what balances, and what does not."""

import pytest

from flink.topics import Topics, pane, row, single
from starwatch.admission.ledger import Books
from starwatch.flink.ledger import Ledger
from starwatch.flink.state_books import StateBooks, noted_places
from starwatch.flink.tally import Tally
from starwatch.ratings.rejects import Reason
from starwatch.ratings.scale import Scale

R0, R1, BACK = ("r", 0), ("r", 1), ("back", 0)
SCALE = Scale.parse("1..5/1")


def account(topics, *, ratings=(R0,), begins=None, patience=0.0, state=None):
    ledger = Ledger(topics, ratings=ratings, back=[BACK], begins=begins or {}, patience=patience)
    return ledger.account(Tally(SCALE), state)


@pytest.fixture
def topics():
    """Ten messages, of which Flink has read eight; the offset 8 is a mark of a transaction."""
    made = Topics(places=[{R0: 9}])
    made.put(R0, *[b"{}"] * 8, empty=1)
    made.put(R0, b"{}", b"{}")
    made.put(
        BACK,
        pane(0, 0, 1, 0, 2),
        single("partly", 3),
        single("duplicate", 4),
        row("watermark", end_ms=5000),
        single("rejected", 6),
    )
    return made


def test_every_message_that_was_read_is_in_one_class_or_pending(topics):
    told = account(topics)
    found = told.found
    assert (found.panes, found.partly, found.duplicate, found.late) == (3, 1, 1, 0)
    assert found.reasons == {Reason.UNREADABLE: 1}
    assert (told.received, told.pending, told.unread, told.gone) == (8, 2, 2, 0)
    (share,) = told.shares
    assert (share.empty, share.end) == (1, 11)
    assert share.kinds == {"duplicate": 1, "late": 0, "rejected": 1, "partly": 1}
    assert told.watermark_ms == 5000
    assert told.faults == []
    assert told.balanced


def test_more_than_was_read_does_not_balance(topics):
    topics.put(BACK, pane(0, 0, 3, 0, 0, end_ms=10_000))
    told = account(topics)
    assert told.pending == -1
    assert told.faults == ["more messages than Flink has read: 1"]


@pytest.mark.parametrize(
    ("again", "fault"),
    [
        (pane(0, 1, 0, 0, 0), "panes told of twice: 1"),
        (single("late", 3), "messages told of twice: 1"),
        (b"{", "rows that Flink did not write: 1"),
        (pane(1), "rows that Flink did not write: 1"),
        (single("late", 9), "rows about messages that Flink has not read: r/0"),
    ],
)
def test_a_row_that_cannot_be_is_found_though_the_sums_are_right(topics, again, fault):
    topics.put(BACK, again)
    told = account(topics)
    assert told.pending >= 0
    assert fault in told.faults


def test_books_ahead_of_the_group_wait_until_flink_has_told_it(topics):
    topics.places = [{}, {R0: 2}, {R0: 5}, {R0: 9}]
    assert account(topics).pending < 0
    topics.places = [{}, {R0: 2}, {R0: 5}, {R0: 9}]
    told = account(topics, patience=30)
    assert (told.received, told.pending, told.balanced) == (8, 2, True)


def test_a_job_that_began_later_and_offsets_that_are_gone(topics):
    topics.places, topics.logs[R1] = [{R0: 9, R1: None}], topics.logs[R0][:]
    told = account(topics, ratings=(R0, R1), begins={R0: 2})
    assert [share.messages for share in told.shares] == [6, 0]
    assert (told.pending, told.unread) == (0, 2 + 10)

    topics.low[R0] = 4
    told = account(topics)
    assert (told.received, told.gone, told.pending) == (4, 4, -2)
    assert told.balanced, "what is gone may have held them"
    topics.put(BACK, pane(0, 0, 3, 0, 0, end_ms=10_000))
    assert account(topics).faults == ["more messages than Flink has read: 1"]


def test_rows_that_kafka_let_go_make_no_books(topics):
    topics.low[BACK] = 1
    assert account(topics).faults == ["rows that Kafka has no more: 1"]


def test_a_state_agrees_with_the_rows_that_it_has_read(topics):
    told = account(topics, state={BACK: 3})
    state = StateBooks(Books(received=5, counted=4, duplicate=1), {BACK: 3})
    assert state.faults(told.seen) == []
    assert told.found.messages - told.seen.messages == 1
    lacking = StateBooks(Books(received=4, counted=3, duplicate=1, rejected=1), {BACK: 3})
    assert lacking.faults(told.seen) == ["3 counted, not 4", "1 rejected, not 0"]


def test_a_state_has_read_a_topic_by_its_id_and_not_by_its_name():
    notes = {"abc:0": (b"7", 1), "watermark": (b"5000", 1)}
    assert noted_places(notes, {"back": "abc"}, [BACK]) == {BACK: 7}
    assert noted_places(notes, {"back": "new"}, [BACK]) == {}
