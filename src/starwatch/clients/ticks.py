"""Ticks: records among the ratings of a topic that carry time, and nothing else.

They have no value. One header says for which job they are, by the prefix of its topics; the other
how far the time of its ratings has come. Whoever reads ratings passes over all of them. The key is
there for topics that are compacted, which take no record without one.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Kafka's client is an extra, which SQL is made without
    from confluent_kafka import Message

MARK = "starwatch-tick"
"""The header that makes a record without a value a tick: the prefix of the job's topics."""

TIME = "starwatch-tick-ms"
"""The header with the time, epoch milliseconds as digits."""

KEY = b"starwatch-tick"


def tick_headers(prefix: str, time_ms: int) -> list[tuple[str, str | bytes | None]]:
    """The headers of a tick for the job whose topics begin with a prefix."""
    return [(MARK, prefix.encode()), (TIME, str(time_ms).encode())]


def is_tick(message: "Message") -> bool:
    """Whether a message is a tick, of whatever job."""
    return message.value() is None and MARK in dict(message.headers() or ())


def tick_ms(message: "Message", prefix: str) -> int | None:
    """The time of a tick for a job; None where it is none, or for another job."""
    headers = dict(message.headers() or ())
    time = headers.get(TIME)
    if message.value() is not None or headers.get(MARK) != prefix.encode() or time is None:
        return None
    return int(time) if time.isdigit() else None
