"""The books of a job on Flink against the topics: messages that it read, and what it found of each.

A consistent cut is taken from the side of the books. First the topic that Flink writes back is read
up to the end of what is committed, then the group is asked how far Flink has read. Flink tells the
group behind each checkpoint, and commits then what it has written; nothing orders the two. So where
the books are ahead of the group, it is waited for. What is promised: they hold what Flink found up
to one checkpoint, and the group's place is that of this one or a later one. What Flink read between
the two is pending.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import Message

from starwatch.flink.messages import Span, TopicReader
from starwatch.flink.tally import Found, Tally
from starwatch.sources.kafka_bulk import Where

_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Share:
    """One partition of a topic of ratings.

    Attributes:
        where: Topic and partition.
        begin: The offset at which the job began.
        read: The offset up to which Flink has read, as it told its group.
        end: The offset behind the last that is committed.
        messages: Messages between `begin` and `read`.
        gone: Offsets between them that the broker has no more; whether they held messages, nobody
            can tell.
        unread: Messages behind `read`.
        kinds: What Flink found, of messages that have rows of their own.
    """

    where: Where
    begin: int
    read: int
    end: int
    messages: int
    gone: int
    unread: int
    kinds: Mapping[str, int]

    @property
    def empty(self) -> int:
        """Offsets that hold no message: marks of transactions, compacted or aborted ones."""
        return self.read - self.begin - self.gone - self.messages


@dataclass(frozen=True, slots=True)
class Account:
    """The books of a job on Flink at one moment, in messages.

    Attributes:
        found: What Flink found.
        shares: The topics of ratings, by partition.
        doubled_panes: Rows of panes that were told of before.
        doubled_messages: Rows of messages that were told of before.
        ahead: Partitions of which there are rows about messages behind the group's place.
        lost_rows: Rows of the topic that Flink writes back which the broker has no more.
        watermark_ms: The end of the last pane that has closed; None before the first.
        seen: What a state should have found, by what it has read of that topic; None without one.
    """

    found: Found
    shares: Sequence[Share]
    doubled_panes: int
    doubled_messages: int
    ahead: Sequence[Where]
    lost_rows: int
    watermark_ms: int | None
    seen: Found | None = None

    @property
    def received(self) -> int:
        """Messages that Flink has read, without those that are gone."""
        return sum(share.messages for share in self.shares)

    @property
    def gone(self) -> int:
        """Offsets that are gone from the topics of ratings."""
        return sum(share.gone for share in self.shares)

    @property
    def unread(self) -> int:
        """Messages that wait for Flink."""
        return sum(share.unread for share in self.shares)

    @property
    def pending(self) -> int:
        """Ratings in open panes: what Flink has read and not told of. Below 0: told too often.

        Where offsets are gone it may be more, by so many.
        """
        return self.received - self.found.messages

    @property
    def faults(self) -> list[str]:
        """Everything by which the books do not balance, in words."""
        numbers = [
            (-self.pending - self.gone, "more messages than Flink has read"),
            (self.doubled_panes, "panes told of twice"),
            (self.doubled_messages, "messages told of twice"),
            (self.found.foreign, "rows that Flink did not write"),
            (self.lost_rows, "rows that Kafka has no more"),
        ]
        told = [f"{what}: {number:,}" for number, what in numbers if number > 0]
        places = ", ".join(f"{topic}/{partition}" for topic, partition in self.ahead)
        return told + ([f"rows about messages that Flink has not read: {places}"] * bool(places))

    @property
    def balanced(self) -> bool:
        """Whether every message that Flink read is in the books once, or pending."""
        return not self.faults


class Ledger:
    """Takes an account.

    Args:
        topics: Reads Kafka.
        ratings: Partitions that the job reads.
        back: Partitions of the topic that it writes back.
        begins: Where the job began, of partitions in which that was not offset 0.
        patience: Seconds that Flink has to tell its group of a checkpoint whose rows are there.
    """

    def __init__(
        self,
        topics: TopicReader,
        *,
        ratings: Sequence[Where],
        back: Sequence[Where],
        begins: Mapping[Where, int],
        patience: float,
    ) -> None:
        # configuration
        self._topics, self._ratings, self._back = topics, ratings, back
        self._begins = {where: begins.get(where, 0) for where in ratings}
        self._patience = patience

    def account(self, tally: Tally, state: Mapping[Where, int] | None = None) -> Account:
        """Read all topics once, from their beginnings.

        Args:
            tally: A new one, for the rows.
            state: Up to which offset a state has read each partition of what is written back.

        Raises:
            SourceFailed: Kafka does not answer, or has let messages go meanwhile.
        """
        ends = {where: self._topics.bounds(where) for where in self._back}
        seen = None
        if state is not None:
            self._rows(tally, {w: (low, min(state.get(w, low), h)) for w, (low, h) in ends.items()})
            seen = tally.found
            self._rows(tally, {w: (max(state.get(w, low), low), h) for w, (low, h) in ends.items()})
        else:
            self._rows(tally, ends)
        shares = self._shares(tally)
        return Account(
            found=tally.found,
            shares=shares,
            doubled_panes=tally.doubled_panes,
            doubled_messages=tally.doubled_messages,
            ahead=[each.where for each in shares if tally.behind(each.where) > each.read],
            lost_rows=sum(low for low, _ in ends.values()),
            watermark_ms=tally.watermark_ms,
            seen=seen,
        )

    def _rows(self, tally: Tally, spans: Mapping[Where, Span]) -> None:
        def take(_: Where, messages: Sequence[Message]) -> None:
            tally.add(message.value() for message in messages)

        self._topics.read(spans, take)

    def _shares(self, tally: Tally) -> list[Share]:
        """What Flink has read, once it is all that the rows are about, and what waits for it."""
        low = {where: self._topics.bounds(where)[0] for where in self._ratings}
        first = {where: max(begin, low[where]) for where, begin in self._begins.items()}
        read, messages = dict(first), dict.fromkeys(first, 0)
        gone = {where: first[where] - begin for where, begin in self._begins.items()}

        def caught_up() -> bool:
            told = self._topics.told(self._ratings)
            spans = {w: (read[w], max(told[w] or 0, read[w])) for w in self._ratings}
            for where, number in self._topics.count(spans).items():
                messages[where] += number
                read[where] = spans[where][1]
            enough = sum(messages.values()) + sum(gone.values()) >= tally.found.messages
            return enough and all(tally.behind(where) <= read[where] for where in read)

        _await(caught_up, self._patience)
        ends = {where: max(self._topics.bounds(where)[1], read[where]) for where in self._ratings}
        unread = self._topics.count({where: (read[where], ends[where]) for where in self._ratings})
        return [
            Share(
                where=where,
                begin=self._begins[where],
                read=read[where],
                end=ends[where],
                messages=messages[where],
                gone=gone[where],
                unread=unread[where],
                kinds=tally.of_place(where),
            )
            for where in self._ratings
        ]


def _await(done: Callable[[], bool], seconds: float) -> None:
    """Look until something holds, for this long at most."""
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)
