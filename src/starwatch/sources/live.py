"""Live sources by the scheme of their URL: our own and installed ones, imported only when named."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from starwatch.codecs.hints import choose_from
from starwatch.codecs.options import InputOptions
from starwatch.errors import BadSetting
from starwatch.ports import LiveSource
from starwatch.ratings.scale import Scale

GROUP = "starwatch.live_sources"
"""The entry point group; the name of an entry is the scheme of a URL."""

_OURS = {
    "mqtt": "starwatch.sources.mqtt:mqtt_source",
    "mqtts": "starwatch.sources.mqtt:mqtt_source",
    "kafka": "starwatch.sources.kafka:kafka_source",
}
"""The same as in pyproject.toml, for source trees that were not installed, and for speed."""


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What a live source needs to know to read ratings.

    Attributes:
        input: How messages are to be read.
        scale: The scale of the stars.
        by_arrival: Whether windows go by arrival: a source whose records have a time of their own
            gives that as the event time then (`LiveSource.own_time`).
        options: What the settings say besides the URL; the source's own names.
    """

    input: InputOptions
    scale: Scale
    by_arrival: bool
    options: Mapping[str, Any]


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
    try:
        scheme = urlsplit(url).scheme
    except ValueError as error:
        raise BadSetting(
            "the URL of a source cannot be read",
            hint="Use a URL like mqtt://HOST:PORT/TOPIC; IPv6 reads [::1]",
        ) from error
    place = _OURS.get(scheme) or _installed(scheme)
    module, _, attribute = place.partition(":")
    try:
        factory = cast("LiveSourceFactory", getattr(import_module(module), attribute))
    except ImportError as error:
        raise BadSetting(
            f"the source {scheme}:// needs the package {error.name!r}, which is not here",
            hint=f"Install it: pip install 'starwatch[{scheme.removesuffix('s')}]'",
        ) from error
    return factory(url, context)


def _installed(scheme: str) -> str:
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow, and seldom needed

    entries = {entry.name: entry.value for entry in entry_points(group=GROUP)}
    if scheme in entries:
        return entries[scheme]
    raise BadSetting(
        f"there is no live source {scheme or 'without a scheme'!r}",
        hint=choose_from(scheme, sorted({*_OURS, *entries}), "a URL like mqtt://HOST:PORT/TOPIC"),
    )
