"""Ratings on their way out: what sends a replay elsewhere, found by the scheme of its URL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from starwatch.schemes import Schemes

PUBLISHERS = Schemes(
    "starwatch.publishers",
    {
        "mqtt": "starwatch.sinks.mqtt_publisher:mqtt_publisher",
        "mqtts": "starwatch.sinks.mqtt_publisher:mqtt_publisher",
        "kafka": "starwatch.sinks.kafka_publisher:kafka_publisher",
        "http": "starwatch.sinks.http_publisher:http_publisher",
        "https": "starwatch.sinks.http_publisher:http_publisher",
    },
    "target of replays",
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One rating on its way out.

    Attributes:
        product: Its product id: what a target that spreads ratings may spread them by.
        fields: Names and values as the reference has them, in its order: `reviewerID`,
            `productID`, `rating` (a number), `timestamp` (where there is one: whole seconds, else
            milliseconds), `id` (where there is one), `dummy`.
        json: The same as the reference's script writes it, byte for byte.
    """

    product: str
    fields: Mapping[str, str | int | float]
    json: bytes


class Publisher(Protocol):
    """Where a replay sends ratings to, in order, at least once.

    Made by the factory of an entry point (group `starwatch.publishers`). All methods are called
    from one thread. Where the other side is away it goes on trying, says so in the log once, and
    keeps what is not acknowledged.
    """

    @property
    def name(self) -> str:
        """The URL without any secret."""

    @property
    def acknowledged(self) -> int:
        """How many ratings the other side has taken over, for certain as far as it can say so."""

    def send(self, ratings: Sequence[Outgoing], stopped: Callable[[], bool]) -> int:
        """Hand over ratings in order; waits while too many are not acknowledged.

        Args:
            ratings: What is due now.
            stopped: Asked while it waits, at least four times a second; ends the wait.

        Returns:
            How many were taken: all, but where the wait was ended.

        Raises:
            OutputFailed: the other side refuses for good, as for a wrong password.
        """

    def close(self, seconds: float) -> None:
        """Wait so long at most for what is not acknowledged, then let go. Safe to call twice."""


class PublisherFactory(Protocol):
    """What an entry point of the group `starwatch.publishers` loads."""

    def __call__(self, url: str, options: Mapping[str, Any]) -> Publisher:
        """Connect, or begin to.

        Args:
            url: As the user wrote it.
            options: What was said besides the URL; the publisher's own names.

        Raises:
            BadSetting: the URL or an option cannot be used.
            OutputFailed: the other side refuses for good.
        """


def open_publisher(url: str, options: Mapping[str, Any]) -> Publisher:
    """Import the publisher that a URL names, and let it connect.

    Raises:
        BadSetting: there is no such publisher, its package is not here, or the URL cannot be used.
        OutputFailed: the other side refuses for good.
    """
    return cast("PublisherFactory", PUBLISHERS.factory(url))(url, options)
