"""The single queue of a service: deliveries and what sources say, in the order in which they came.

Whoever puts something in stamps it with the clock, under the queue's lock, so stamps never fall.
The queue is bounded in ratings and in bytes; a source that delivers too much waits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition

from starwatch.ports import Delivery

MOST_RATINGS = 1 << 18
MOST_BYTES = 64 << 20
"""Four commits of the largest size, and what their messages take; beyond that sources wait."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a source said of a partition, or of all of its own.

    Attributes:
        what: `join`, `leave`, `caught_up`, `connected`, `reached`.
        partitions: Whose.
        value: Whether.
        name: For `join`: what the partition is called.
        waited: For `join` and `connected`: whether what comes until it is caught up has waited.
        watermark_ms: For `reached`: how far the stream is complete.
    """

    what: str
    partitions: tuple[int, ...]
    value: bool = True
    name: str = ""
    watermark_ms: int = 0
    waited: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """A delivery, and which source it came by."""

    source: str
    delivery: Delivery


Item = Told | Received


class Inbox:
    """The queue itself.

    Args:
        now_ms: The clock that stamps.
        most_ratings: Ratings that wait at most, rejects among them.
        most_bytes: Their bytes at most; a delivery that is larger alone waits for an empty queue.
    """

    def __init__(
        self,
        now_ms: Callable[[], int],
        *,
        most_ratings: int = MOST_RATINGS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._now_ms = now_ms
        self._most_ratings, self._most_bytes = most_ratings, most_bytes
        self._changed = Condition()
        self._items: list[tuple[int, Item]] = []
        self._ratings = self._bytes = 0
        self._closed = False

    @property
    def ratings(self) -> int:
        """How many ratings and rejects wait."""
        return self._ratings

    @property
    def bytes(self) -> int:
        """How many bytes of messages wait."""
        return self._bytes

    def tell(self, told: Told) -> None:
        """Put in what a source says; there is always room for that."""
        with self._changed:
            self._items.append((self._now_ms(), told))
            self._changed.notify_all()

    def put(self, received: Received, *, wait: bool) -> bool:
        """Put in a delivery; waits while the queue is full, unless told not to.

        Returns:
            Whether it was taken; not where the queue is closed.
        """
        number, size = _ratings(received.delivery), received.delivery.size
        with self._changed:
            while not self._closed and not self._fits(number, size):
                if not wait:
                    return False
                self._changed.wait()
            if self._closed:
                return False
            self._items.append((self._now_ms(), received))
            self._ratings += number
            self._bytes += size
            self._changed.notify_all()
        return True

    def take(self, seconds: float) -> list[tuple[int, Item]]:
        """All that waits, each with its stamp; waits so long for something to come."""
        with self._changed:
            if not self._items and not self._closed:
                self._changed.wait(seconds)
            items, self._items = self._items, []
            self._ratings = self._bytes = 0
            self._changed.notify_all()
        return items

    def close(self) -> None:
        """Take nothing more; what waits can still be taken out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _fits(self, number: int, size: int) -> bool:
        return not self._items or (
            self._ratings + number <= self._most_ratings and self._bytes + size <= self._most_bytes
        )


def _ratings(delivery: Delivery) -> int:
    return len(delivery.ratings) + len(delivery.ratings.rejects)
