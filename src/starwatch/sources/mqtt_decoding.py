"""Messages of many topics to ratings, decoded together, then parted by topic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from starwatch.codecs.packing import unpacked
from starwatch.codecs.payloads import Payloads
from starwatch.mqtt.packets import Published
from starwatch.ratings.batch import Decoded
from starwatch.ratings.rejects import RAW_LIMIT


@dataclass(frozen=True, slots=True)
class TopicRatings:
    """The ratings that came by one partition, in order.

    Attributes:
        name: The partition's name: its topic.
        messages: The messages that they came in.
        ratings: The ratings, each with the number of its message from 0 as its position.
        size: Bytes as they came.
    """

    name: str
    messages: Sequence[Published]
    ratings: Decoded
    size: int


class Decoding:
    """Decodes what came since the last time.

    Args:
        payloads: Reads the messages.
        largest: Bytes that a packed message may hold.
    """

    def __init__(self, payloads: Payloads, largest: int) -> None:
        self._payloads = payloads
        self._largest = largest

    def decode(self, by_name: Mapping[str, Sequence[Published]]) -> list[TopicRatings]:
        """The ratings of these messages, for each name in the order given."""
        every = [message for messages in by_name.values() for message in messages]
        texts = [self._text(message) for message in every]
        decoded = self._payloads.decode(texts, np.arange(len(texts)))
        if None in texts:
            rejects = tuple(
                replace(reject, raw=every[reject.position].payload[:RAW_LIMIT])
                if texts[reject.position] is None
                else reject
                for reject in decoded.rejects
            )
            decoded = replace(decoded, rejects=rejects)
        found, start = [], 0
        for name, messages in by_name.items():
            end = start + len(messages)
            size = sum(len(message.payload) for message in messages)
            ratings = decoded if len(by_name) == 1 else _between(decoded, start, end)
            found.append(TopicRatings(name, messages, ratings, size))
            start = end
        return found

    def _text(self, message: Published) -> bytes | None:
        """What is to be read; None for what is too large or cannot be unpacked."""
        return None if message.large else unpacked(message.payload, self._largest)


def _between(decoded: Decoded, start: int, end: int) -> Decoded:
    """What came in messages `start` to `end`, counted from 0."""
    low, high = np.searchsorted(decoded.position, [start, end]).tolist()
    ids = decoded.rating_id
    return Decoded(
        position=decoded.position[low:high] - start,
        product=decoded.product[low:high],
        reviewer=decoded.reviewer[low:high],
        stars=decoded.stars[low:high],
        event_ms=decoded.event_ms[low:high],
        rating_id=None if ids is None else ids[low:high],
        rejects=tuple(
            replace(reject, position=reject.position - start)
            for reject in decoded.rejects
            if start <= reject.position < end
        ),
    )


def moved(decoded: Decoded, first: int) -> Decoded:
    """The same with positions that begin at `first`."""
    if not first:
        return decoded
    return replace(
        decoded,
        position=decoded.position + first,
        rejects=tuple(
            replace(reject, position=reject.position + first) for reject in decoded.rejects
        ),
    )
