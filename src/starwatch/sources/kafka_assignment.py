"""The partitions that a consumer has: where each is begun, and how it is let go."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from confluent_kafka import Consumer, KafkaException, TopicPartition
from numpy.typing import NDArray

from starwatch.clients.kafka import AWAY, DENIED, REFUSALS, Address, code, reason
from starwatch.errors import SourceFailed, SourceWaits
from starwatch.ports import Door
from starwatch.ratings.batch import Decoded
from starwatch.sources.kafka_bulk import Where
from starwatch.sources.kafka_cluster import Topics, bounds, group_places
from starwatch.sources.kafka_link import Link
from starwatch.sources.kafka_places import Place, Progress, place_key, starting

_TELL_AGAIN_SECONDS = 1.0
"""How long the group is left alone that could not be told."""

STOP_SECONDS = 3.0
"""For outstanding commits when the service stops, which itself waits five for its sources."""

REVOKE_SECONDS = 10.0
"""For outstanding commits when a partition goes to another process."""

_LOG = logging.getLogger(__name__)


class TopicChanged(Exception):
    """A topic was deleted and made anew: everything begins again."""


class Decoder(Protocol):
    """Reads messages."""

    def decode(self, messages: Sequence[bytes | None], positions: NDArray[np.int64]) -> Decoded:
        """Their ratings and rejects, in order; each gets the position of its message."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a source wants of its sessions.

    Attributes:
        name: What it is called in errors.
        address: The cluster and the topics.
        config: Group and more, for librdkafka.
        payloads: Reads the messages.
        by_arrival: Whether the time of a record is the event time of its ratings.
        unknown: Where a partition is begun that neither state nor group know.
        lost: Told what the broker has no more, and how many offsets.
        claims: By the id of a topic, the source of this service that reads it.
        notes: What else is to be remembered with the messages that were decoded so far.
        at_end: Called where all that is committed in a partition was handed over.
        maker: Who makes topics that are not there yet, in words; empty: nobody that is known.
    """

    name: str
    address: Address
    config: Mapping[str, str]
    payloads: Decoder
    by_arrival: bool
    unknown: str
    lost: Callable[[str, int], None]
    claims: dict[str, str]
    notes: Callable[[], Sequence[tuple[str, bytes]]] = tuple
    at_end: Callable[[Door], None] = lambda _: None
    maker: str = ""

    def failed(self, error: KafkaException) -> SourceFailed:
        """An error of librdkafka as ours."""
        refused = code(error) in REFUSALS
        what, hint = ("refuses", DENIED) if refused else ("cannot be read", AWAY)
        return SourceFailed(f"{self.name} {what}: {reason(error)}", hint=hint)


class Assignment:
    """What the group gave this consumer; all of it is called by the source's thread.

    Args:
        rules: What the source wants.
        door: Told of partitions that come and go.
        progress: How far all partitions are.
        topics: Asked for the ids of topics.
        link: Told of what fails in a callback.

    Raises:
        SourceFailed: the cluster does not answer or refuses, or a topic is not there.
    """

    def __init__(
        self, rules: Rules, door: Door, progress: Progress, topics: Topics, link: Link
    ) -> None:
        self._rules, self._door, self._progress = rules, door, progress
        self._topics, self._link = topics, link
        self._ids = self._asked_ids()
        self._places: dict[Where, Place] = {}
        self._tell_again = 0.0
        self.closing = False

    def get(self, where: Where) -> Place | None:
        """An assigned partition."""
        return self._places.get(where)

    def places(self) -> list[Place]:
        """All assigned partitions, as they are at this moment."""
        return list(self._places.values())

    @property
    def all_at_end(self) -> bool:
        """Whether there is a partition, and all are read to their end."""
        return bool(self._places) and all(place.at_end for place in self._places.values())

    def check_id(self, topic: str, found: str | None) -> None:
        """Compare a topic's id with the one that its partitions were begun with.

        Raises:
            SourceFailed: it is gone.
            TopicChanged: it is another one.
        """
        if found is None:
            raise SourceFailed(
                f"there is no topic {topic} at {self._rules.address.hosts} any more",
                hint="Make it again; ratings then come from its start",
            )
        if found != self._ids[topic]:
            raise TopicChanged(_made_anew(topic))

    def taken(self, consumer: Consumer, parts: Sequence[TopicPartition]) -> None:
        """Partitions are ours: seek to behind what is committed (callback of the consumer)."""
        before = self._ids
        try:
            self._ids = self._asked_ids()
            for topic, found in self._ids.items():
                if found != before[topic]:
                    _LOG.warning("source %s: %s", self._rules.name, _made_anew(topic))
            committed = group_places(consumer, parts) if parts else []
            for part, (offset, beside) in zip(parts, committed, strict=True):
                part.offset = self._begin(consumer, part, offset, beside)
            consumer.incremental_assign(list(parts))
        except KafkaException as error:
            self._link.fail(self._rules.failed(error))
        except SourceFailed as failure:
            self._link.fail(failure)
        ours = {place.number for place in self._places.values()}
        for number in set(self._door.partitions().values()) - ours:
            self._door.leave(number)

    def revoked(self, consumer: Consumer, parts: Sequence[TopicPartition]) -> None:
        """Partitions go to another process, which shall begin behind what is committed here."""
        if self.closing:  # told already; and a stop changes nothing for the windows
            return
        places = [self._places[where] for where in self._ours(parts)]
        self._await_commits(places, REVOKE_SECONDS)
        self._tell(consumer, places, wait=True)
        for where in self._ours(parts):
            self._door.leave(self._places.pop(where).number)

    def lost(self, _: Consumer, parts: Sequence[TopicPartition]) -> None:
        """The group has forgotten us: a broker was away, or we were frozen.

        Partitions hold the windows, as what comes by them is not known, until the group gives some
        again: those that are ours no more leave then.
        """
        for where in self._ours(parts):
            self._door.caught_up(self._places.pop(where).number, value=False)

    def begin_again(self, consumer: Consumer, place: Place) -> None:
        """The broker has the wanted offset no more: go on where it has something."""
        low, high = bounds(consumer, place.topic, place.partition)
        offset = self._start(place.topic, place.partition, (place.following, None), (low, high))
        self._progress.begin(place.key, offset)
        place.following = offset
        consumer.seek(TopicPartition(place.topic, place.partition, offset))

    def look_again(self, consumer: Consumer) -> None:
        """A lost connection is found: more may wait in each partition than was known before.

        A consumer tells the end of a partition once. It does so anew where it is sent to the place
        where it is.
        """
        for place in self._places.values():
            place.at_end = False
            self._door.caught_up(place.number, value=False)
            consumer.seek(TopicPartition(place.topic, place.partition, place.following))

    def finish(self, consumer: Consumer, *, wait: bool) -> None:
        """Wait for outstanding commits, and tell the group.

        Where this is no stop of the service, what comes by the partitions is not known for a while.
        """
        self.closing = True
        if not wait:
            for place in self._places.values():
                self._door.caught_up(place.number, value=False)
        if wait:
            self._await_commits(self._places.values(), STOP_SECONDS)
        self._tell(consumer, self._places.values(), wait=wait and self._link.up)

    @property
    def outstanding(self) -> bool:
        """Whether anything that was handed over is not committed yet."""
        return any(self._progress.outstanding(place.key) for place in self._places.values())

    def tell_group(self, consumer: Consumer) -> None:
        """Tell the group what is committed here and it does not know, without waiting."""
        if time.monotonic() >= self._tell_again:
            self._tell(consumer, self._places.values(), wait=False)

    def _begin(
        self, consumer: Consumer, part: TopicPartition, group: int | None, beside: str
    ) -> int:
        """Take a partition in; the offset to read it from."""
        topic_id = self._ids[part.topic] or ""
        key = place_key(topic_id, part.partition)
        known = self._progress.known(key)
        if beside != topic_id and (beside or known is not None):
            group = None  # of a topic of that name that is no more, or set by hand
        found = bounds(consumer, part.topic, part.partition)
        offset = self._start(part.topic, part.partition, (known, group), found)
        if offset != known:
            self._progress.begin(key, offset)
        number = self._door.partition(f"{part.topic}/{part.partition} {topic_id}")
        place = Place(part.topic, part.partition, topic_id, number, offset)
        self._places[part.topic, part.partition] = place
        return offset

    def _start(
        self,
        topic: str,
        partition: int,
        wanted: tuple[int | None, int | None],
        there: tuple[int, int],
    ) -> int:
        """Where to begin, between what state and group want and what the broker has."""
        (known, group), (low, high) = wanted, there
        start = starting(known=known, group=group, low=low, high=high, unknown=self._rules.unknown)
        where = f"partition {partition} of {topic}"
        if start.gone:
            what = f"{start.gone} messages of {where} are gone before they were read (retention)"
            self._rules.lost(f"{what}; it goes on at offset {start.offset}", start.gone)
        if start.ahead:
            what = f"{where} ends at offset {start.offset}, {start.ahead} before what was read"
            self._rules.lost(f"{what}: the broker has lost its end", 0)
        return start.offset

    def _ours(self, parts: Sequence[TopicPartition]) -> list[Where]:
        wheres = [(part.topic, part.partition) for part in parts]
        return [where for where in wheres if where in self._places]

    def _await_commits(self, places: Iterable[Place], seconds: float) -> None:
        until = time.monotonic() + seconds
        keys = [place.key for place in places]
        while any(map(self._progress.outstanding, keys)) and time.monotonic() < until:
            time.sleep(0.005)

    def _tell(self, consumer: Consumer, places: Iterable[Place], *, wait: bool) -> None:
        """Commit to Kafka what is committed here; the id of the topic stands beside it."""
        untold = [(place, self._progress.untold(place.key)) for place in places]
        news = [(place, offset) for place, offset in untold if offset is not None]
        if not news:
            return
        offsets = [
            TopicPartition(place.topic, place.partition, offset, place.topic_id)
            for place, offset in news
        ]
        try:
            if wait:
                consumer.commit(offsets=offsets, asynchronous=False)
            else:
                consumer.commit(offsets=offsets)
        except KafkaException as error:  # the position that counts is in the state
            _LOG.warning("source %s: the group was not told: %s", self._rules.name, reason(error))
            self._tell_again = time.monotonic() + _TELL_AGAIN_SECONDS
            return
        for place, offset in news:
            self._progress.tell(place.key, offset)

    def _asked_ids(self) -> dict[str, str | None]:
        address = self._rules.address
        ids = self._topics.ids(address.topics)
        gone = sorted(topic for topic, found in ids.items() if found is None)
        if gone and self._rules.maker:
            raise SourceWaits(
                f"there is no topic {gone[0]} at {address.hosts} yet", hint=self._rules.maker
            )
        if gone:
            raise SourceFailed(
                f"there is no topic {gone[0]} at {address.hosts}",
                hint="Make it, or mend the URL of the source",
            )
        for topic, found in ids.items():
            self._claim(topic, found or "")
        return ids

    def _claim(self, topic: str, topic_id: str) -> None:
        """See that no other source of the service reads a topic, by whatever address."""
        owner = self._rules.claims.setdefault(topic_id, self._rules.name)
        if owner != self._rules.name:
            raise SourceFailed(
                f"{self._rules.name} is not read: {owner} reads the topic {topic} already",
                hint="Each rating would count twice; leave the topic out of one of the two sources",
            )


def _made_anew(topic: str) -> str:
    return f"the topic {topic} was made anew; it is read from its start"
