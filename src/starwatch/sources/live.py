"""Live sources by the scheme of their URL: our own and installed ones, imported only when named."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from starwatch.codecs.options import InputOptions
from starwatch.ports import LiveSource
from starwatch.ratings.scale import Scale
from starwatch.schemes import Schemes

SOURCES = Schemes(
    "starwatch.live_sources",
    {
        "mqtt": "starwatch.sources.mqtt:mqtt_source",
        "mqtts": "starwatch.sources.mqtt:mqtt_source",
        "kafka": "starwatch.sources.kafka:kafka_source",
    },
    "live source",
)


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What a live source needs to know to read ratings.

    Attributes:
        input: How messages are to be read.
        scale: The scale of the stars.
        by_arrival: Whether windows go by arrival: a source whose records have a time of their own
            gives that as the event time then (`LiveSource.own_time`).
        options: What the settings say besides the URL; the source's own names.
        claims: Which source of the service reads what, by an identity that does not depend on
            addresses; shared by all of them, each enters its own.
    """

    input: InputOptions
    scale: Scale
    by_arrival: bool
    options: Mapping[str, Any]
    claims: dict[str, str] = field(default_factory=dict)


class LiveSourceFactory(Protocol):
    """What an entry point of the group `starwatch.live_sources` loads."""

    def __call__(self, url: str, context: SourceContext) -> LiveSource:
        """Make a source; nothing is connected yet.

        Raises:
            BadSetting: the URL or an option cannot be used.
        """


def open_live(url: str, context: SourceContext) -> LiveSource:
    """Import the source that a URL names, and make it; nothing is connected yet.

    Raises:
        BadSetting: there is no such source, its package is not here, or the URL cannot be used.
    """
    return cast("LiveSourceFactory", SOURCES.factory(url))(url, context)
