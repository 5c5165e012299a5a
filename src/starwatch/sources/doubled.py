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


def refuse_doubled(sources: Sequence[LiveSource]) -> None:
    """See that no source is given twice, and that topic filters at one broker do not overlap.

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


def _of(source: Subscriber) -> Iterator[tuple[str, str]]:
    return ((source.broker.lower(), topic) for topic in source.topics)
