"""The live source of a job that runs on Flink: what that writes back to Kafka."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from starwatch.clients.kafka import read_address
from starwatch.flink.back import BackRows
from starwatch.ports import Door
from starwatch.ratings.scale import Scale
from starwatch.sources.kafka import CHOICES, GROUP, KafkaSource
from starwatch.sources.kafka_cluster import OWNED

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})

_MAKER = "Flink makes it with its first results. If no job runs: starwatch flink submit"

_WATERMARK = "watermark"
"""What Flink's watermark is noted under, beside the offsets."""


def back_url(url: str, topic: str) -> str:
    """The URL of the topic that Flink writes back to, beside the one that it reads.

    >>> back_url("kafka://127.0.0.1:9092/ratings?tls=true", "starwatch-back")
    'kafka://127.0.0.1:9092/starwatch-back?tls=true'
    """
    return urlsplit(url)._replace(path=f"/{topic}").geturl()


def back_source(url: str, scale: Scale, options: Mapping[str, Any] = NO_OPTIONS) -> KafkaSource:
    """A source of the topic that Flink writes back to; nothing is connected yet.

    Guarantee: that of a Kafka source, each row once over any crash. The watermark is told where the
    topic is read to the end of what is committed, which is a cut through the whole job
    (`starwatch.flink.back`).

    Args:
        url: `kafka://HOST:PORT/TOPIC`.
        scale: The scale of the stars.
        options: What the settings say besides the URL.

    Raises:
        BadSetting: the URL or an option cannot be used.
    """
    rows = BackRows(scale)

    def notes() -> list[tuple[str, bytes]]:
        known = rows.watermark_ms
        return [] if known is None else [(_WATERMARK, str(known).encode())]

    def at_end(door: Door) -> None:
        noted = door.remembered().get(_WATERMARK)
        if rows.watermark_ms is None and noted is not None:
            rows.watermark_ms = int(noted[0])
        if rows.watermark_ms is not None:
            door.reached(rows.watermark_ms)

    address = read_address(url, options, known=CHOICES, owned=OWNED)
    # `from` is about the ratings: what Flink made of them is wanted from its first row on. And
    # Kafka takes the word of Flink for a group only as long as that has no members.
    group = f"{address.choices.get('group', GROUP)}-back"
    choices = {name: value for name, value in address.choices.items() if name != "from"}
    address = replace(address, choices=choices | {"group": group})
    return KafkaSource(address, rows, by_arrival=False, notes=notes, at_end=at_end, maker=_MAKER)
