"""Refuses sources that would bring a rating twice, which would count twice."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Protocol, runtime_checkable

from starwatch.errors import BadSetting
from starwatch.mqtt.filters import given_twice
from starwatch.ports import LiveSource

_TWICE = "Each rating would count twice"


@runtime_checkable
class Subscriber(Protocol):
    """A source that subscribes to topics of a broker.

    Attributes:
        broker: Its URL alone.
        topics: Topic filters.
    """

    @property
    def broker(self) -> str:
        """The broker's URL, without topics and without any secret."""

    @property
    def topics(self) -> Sequence[str]:
        """Topic filters."""


@runtime_checkable
class Reader(Protocol):
    """A source that reads topics of a cluster from their start.

    Attributes:
        cluster: `host:port` of some of its brokers.
        log_topics: The names of the topics.
    """

    @property
    def cluster(self) -> Sequence[str]:
        """Brokers of the cluster, each `host:port`."""

    @property
    def log_topics(self) -> Sequence[str]:
        """Names of topics."""


def refuse_doubled(sources: Sequence[LiveSource]) -> None:
    """See that no source is given twice, and that topics of two at one broker do not overlap.

    Two addresses of one cluster are not known for one here: a Kafka source tells a topic by its id
    when it has asked for it.

    Raises:
        BadSetting: one is, or two do.
    """
    names: set[str] = set()
    for source in sources:
        if source.name in names:
            raise BadSetting(f"the source {source.name} is given twice", hint=_TWICE)
        names.add(source.name)
    subscriptions = [pair for each in sources if isinstance(each, Subscriber) for pair in _of(each)]
    for (broker, one), (other_broker, other) in combinations(subscriptions, 2):
        if broker == other_broker and given_twice(one, other):
            raise BadSetting(
                f"the topics {one!r} and {other!r} at {broker} overlap",
                hint=f"{_TWICE} that both match; leave one of them out",
            )

    readers = [source for source in sources if isinstance(source, Reader)]
    for reader, another in combinations(readers, 2):
        brokers = _lowered(reader.cluster) & _lowered(another.cluster)
        topics = sorted({*reader.log_topics} & {*another.log_topics})
        if brokers and topics:
            raise BadSetting(
                f"the topic {topics[0]!r} at {min(brokers)} is read by two sources",
                hint=f"{_TWICE}, whatever their groups; leave it out of one of them",
            )


def _lowered(names: Sequence[str]) -> set[str]:
    return {name.lower() for name in names}


def _of(source: Subscriber) -> Iterator[tuple[str, str]]:
    return ((source.broker.lower(), topic) for topic in source.topics)
