"""One consumer from its joining the group to its leaving: what it gives goes to the door."""

import logging
import time
from dataclasses import dataclass, replace
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from starwatch.clients.kafka import REFUSALS, reason
from starwatch.clients.ticks import is_tick
from starwatch.failpoints import reached
from starwatch.ports import Delivery, Door
from starwatch.ratings.batch import Decoded
from starwatch.sources.kafka_assignment import Assignment, Rules
from starwatch.sources.kafka_bulk import Bulk, Where, offsets_of, parted, timed, times_of
from starwatch.sources.kafka_cluster import Topics, consumer, seen
from starwatch.sources.kafka_link import Link
from starwatch.sources.kafka_places import Place, Progress
from starwatch.status import PlaceStatus

BULK = 20_000
"""Messages taken at once at most: decoding is cheapest in bulk, and a commit holds three."""

WAIT_SECONDS = 0.25
GATHER_SECONDS = 0.01
"""A first message is waited for, and then more for so long: what a bulk costs in latency."""

COMMIT_SECONDS = 0.02
"""So long a first message is waited for while a commit is: the group is told soon behind it."""

PATIENT_SECONDS = 20.0
"""So long a full queue is waited for without a word to Kafka, which bears five minutes. Then the
partitions are paused, which throws away what was fetched already."""

_GONE = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_PARTITION}  # noqa: SLF001
_RESET = KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001 - so librdkafka calls its own codes

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Read:
    """What came of one partition: its ratings, their bytes, and the offset behind them."""

    place: Place
    ratings: Decoded
    size: int
    following: int


class Session:
    """A consumer, used as a context by one thread.

    Args:
        rules: What the source wants.
        door: Where ratings go.
        progress: How far all partitions are.

    Raises:
        SourceFailed: the cluster does not answer or refuses, or a topic is not there.
    """

    def __init__(self, rules: Rules, door: Door, progress: Progress) -> None:
        self._rules, self._door, self._progress = rules, door, progress
        self._link = Link(door, rules.name)
        self._topics = Topics(rules.address, refusal=self._link.refusal, check=self._link.check)
        self._assignment = Assignment(rules, door, progress, self._topics, self._link)
        told = {"error_cb": self._link.error, "stats_cb": self._statistics}
        self._consumer: Consumer = consumer(rules.address, {**rules.config, **told})
        self._ends: dict[Where, int] = {}
        self._found = False  # a lost connection was, and ends are not told anew yet

    def __enter__(self) -> Self:
        """Join the group; partitions come while messages are received."""
        self._door.connected(value=True)
        self._consumer.subscribe(
            list(self._rules.address.topics),
            on_assign=self._assignment.taken,
            on_revoke=self._assignment.revoked,
            on_lost=self._assignment.lost,
        )
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Wait for what is outstanding, tell the group, leave it."""
        self._assignment.finish(self._consumer, wait=error is None)
        self._consumer.close()

    def receive(self) -> None:
        """Hand over messages until the service stops.

        Raises:
            TopicChanged: everything is to be begun again.
            SourceFailed: the cluster refuses, or a topic is gone.
        """
        try:
            while not self._door.stopping:
                waiting = self._assignment.outstanding
                messages = self._consumer.consume(1, COMMIT_SECONDS if waiting else WAIT_SECONDS)
                if messages:
                    messages += self._consumer.consume(BULK - 1, GATHER_SECONDS)
                self._topics.poll()
                self._take(parted(messages))
                self._assignment.tell_group(self._consumer)
        except KafkaException as error:
            raise self._rules.failed(error) from None

    def places(self) -> list[PlaceStatus]:
        """How far the assigned partitions are; may be called from any thread."""
        ends, committed = self._ends, self._progress.committed()
        found = []
        for place in self._assignment.places():
            where, following = (place.topic, place.partition), place.following
            end = following if place.at_end else max(ends.get(where, 0), following)
            position = committed[place.key]
            found.append(PlaceStatus(*where, position, max(end - position, 0)))
        return found

    def _take(self, bulk: Bulk) -> None:
        """Hand over what came, if its topics are still the ones that were begun.

        They are asked for behind the messages and before the handing over: an id that is the same
        then was so when they were fetched, for no id comes back.
        """
        if bulk.data or bulk.ends:
            self._found |= self._link.found()
        asked = self._topics.asked({topic for topic, _ in bulk.data}) if bulk.data else {}
        read = [self._read(where, messages) for where, messages in bulk.data.items()]
        for topic, found in self._topics.answered(asked).items():
            self._assignment.check_id(topic, found)
        for each in read:
            if each is not None:
                self._hand_over(each)
        for where, end in bulk.ends.items():
            place = self._assignment.get(where)
            if place and end >= place.following and not self._found:
                self._at_end(place, value=True)
        for where, error in bulk.errors:
            self._complaint(where, error)
        if self._found:  # what came until now may be older than the loss
            self._found = False
            self._assignment.look_again(self._consumer)

    def _read(self, where: Where, messages: list[Message]) -> _Read | None:
        """The ratings of messages of a partition; None where all of it was there before."""
        place = self._assignment.get(where)
        if place is None:  # it was taken away while this was on its way
            return None
        offsets = offsets_of(messages)
        again = int(offsets.searchsorted(place.following))
        if again:
            self._door.redelivered(again)
            messages, offsets = messages[again:], offsets[again:]
        if not messages:
            return None
        following = int(offsets[-1]) + 1
        values = [message.value() for message in messages]
        if None in values and any(map(is_tick, messages)):  # headers cost more than values
            messages = [message for message in messages if not is_tick(message)]
            offsets, values = offsets_of(messages), [message.value() for message in messages]
        ratings = self._rules.payloads.decode(values, offsets)
        if self._rules.by_arrival:
            ratings = replace(ratings, event_ms=timed(ratings, offsets, times_of(messages)))
        size = sum(map(len, filter(None, values)))
        return _Read(place, ratings, size, following)

    def _hand_over(self, read: _Read) -> None:
        """Deliver; a full queue is waited for."""
        place, key, following = read.place, read.place.key, read.following
        if self._taken_away(place):
            return
        delivery = Delivery(
            partition=place.number,
            ratings=read.ratings,
            size=read.size,
            notes=[(key, str(following).encode()), *self._rules.notes()],
            committed=lambda _: self._progress.commit(key, following),
        )
        self._at_end(place, value=False)
        if self._door.deliver(delivery, wait=False) or self._wait_for_room(place, delivery):
            self._progress.hand_over(key, following)
            place.following = following
            reached("kafka.handed")

    def _wait_for_room(self, place: Place, delivery: Delivery) -> bool:
        """Deliver as soon as there is room; False where there is no more need to."""
        patient_until = time.monotonic() + PATIENT_SECONDS
        paused: list[TopicPartition] = []
        taken = False
        while not taken and not self._door.wait(0.005) and not self._taken_away(place):
            taken = self._door.deliver(delivery, wait=False)
            self._assignment.tell_group(self._consumer)
            if not taken and time.monotonic() >= patient_until:
                paused = paused or self._pause()
                self._consumer.poll(0)  # gives nothing, and keeps the group's patience
        self._consumer.resume([p for p in paused if self._assignment.get((p.topic, p.partition))])
        return taken

    def _pause(self) -> list[TopicPartition]:
        parts: list[TopicPartition] = self._consumer.assignment()
        self._consumer.pause(parts)
        return parts

    def _taken_away(self, place: Place) -> bool:
        return self._assignment.get((place.topic, place.partition)) is not place

    def _at_end(self, place: Place, *, value: bool) -> None:
        if place.at_end != value:
            place.at_end = value
            if value:
                self._rules.at_end(self._door)
            self._door.caught_up(place.number, value=value)

    def _complaint(self, where: Where, error: KafkaError) -> None:
        """What Kafka says of a partition in place of messages."""
        topic, place = where[0], self._assignment.get(where)
        if error.code() in REFUSALS:
            raise self._rules.failed(KafkaException(error))
        if error.code() in _GONE | {_RESET}:
            self._assignment.check_id(topic, self._topics.ids([topic])[topic])
        if error.code() != _RESET:
            _LOG.warning("source %s: %s", self._rules.name, reason(error))
        elif place is not None:
            self._assignment.begin_again(self._consumer, place)

    def _statistics(self, text: str) -> None:
        """Once a second. A consumer that is behind or paused may well be silent."""
        told = seen(text)
        self._ends = told.ends
        if not self._link.up or self._assignment.all_at_end:
            self._found |= self._link.sign(good=told.answering)


def try_config(rules: Rules) -> None:
    """See that librdkafka takes the settings.

    Raises:
        BadSetting: it does not.
    """
    consumer(rules.address, rules.config).close()
