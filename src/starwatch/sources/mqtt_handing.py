"""From messages to deliveries: gathered, decoded together, handed over, told when they are safe."""

import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from starwatch.codecs.columns import nothing
from starwatch.mqtt.packets import Published
from starwatch.ports import Delivery, Door, Receipt
from starwatch.sources.mqtt_decoding import Decoding, TopicRatings, moved
from starwatch.sources.mqtt_memory import Entry, Memory

if TYPE_CHECKING:
    from collections.abc import Callable

OTHERS = "#"
"""The partition of all topics behind the first so many; no topic is called so."""

_GATHER_SECONDS = 0.005
"""Messages are gathered so long while others wait for a commit: theirs would not come sooner."""

_MOST_MESSAGES = 8192
_MOST_BYTES = 4 << 20
"""Messages and bytes that are decoded at once."""

_NOWHERE = -1
"""The partition of a delivery without ratings, which is there for its notes."""


@dataclass(frozen=True, slots=True)
class Safe:
    """What a commit made safe.

    Attributes:
        messages: Packet id, entry and QoS of each message that is to be answered, in order.
        released: Packet ids at QoS 2 that are forgotten now.
        connection: On which connection those came.
    """

    messages: list[tuple[int, Entry, int]]
    released: tuple[int, ...] = ()
    connection: int = 0


class Handing:
    """What was received and is not safe yet; outlives a connection.

    Args:
        door: Where it is handed over.
        memory: What is remembered of messages.
        decoding: Makes ratings of messages.
        most_names: How many topics have a partition of their own.
    """

    def __init__(self, door: Door, memory: Memory, decoding: Decoding, *, most_names: int) -> None:
        self.door = door
        self.memory = memory
        self.wake: Callable[[], None] = lambda: None
        self._decoding = decoding
        self._most_names = most_names
        self._named = set(door.partitions())

        self._gathered: dict[str, list[Published]] = {}
        self._messages = self._bytes = 0
        self._released: list[int] = []
        self._held: deque[tuple[Delivery, int]] = deque()
        self._handed_at = 0.0
        self.handed = 0
        """Messages that were handed over and are not safe."""
        self._safe: deque[Safe] = deque()

    @property
    def waiting(self) -> int:
        """Messages that were received and are not safe."""
        return self._messages + sum(count for _, count in self._held) + self.handed

    @property
    def full(self) -> bool:
        """Whether nothing more should be read for now."""
        return bool(self._held)

    @property
    def pause(self) -> float:
        """For how many seconds nothing needs to be done."""
        if self._held:
            return 0.01
        if not self._messages and not self._released:
            return 0.25
        return max(self._handed_at + _GATHER_SECONDS - time.monotonic(), 0.0)

    def begin_session(self, client: str) -> None:
        """Remember that earlier packet ids mean nothing; back when that is committed."""
        done = Event()
        notes = self.memory.begin(client)
        delivery = Delivery(_NOWHERE, nothing(), 0, notes, lambda _: done.set())
        if self.door.deliver(delivery):
            while not done.wait(0.05) and not self.door.stopping:
                pass

    def name_of(self, topic: str) -> str:
        """The partition of a topic."""
        if topic in self._named or len(self._named) < self._most_names:
            self._named.add(topic)
            return topic
        return OTHERS

    def take(self, name: str, message: Published) -> None:
        """Gather a message that is new."""
        self._gathered.setdefault(name, []).append(message)
        self._messages += 1
        self._bytes += len(message.payload)

    def release(self, mid: int) -> None:
        """Forget a packet id at QoS 2."""
        self._released.append(mid)

    def hand_over(self, connection: int) -> None:
        """Hand over what was gathered, if it is time to and the queue is not full."""
        if self._held or self._due():
            self._prepare(connection)
            self._deliver(wait=False)

    def flush(self) -> None:
        """Hand over all that was gathered, and wait while the queue is full: a connection ended.

        What is refused, as the service stops, is not answered and comes again.
        """
        self._released.clear()
        self._prepare(0)
        self._deliver(wait=True)

    def safe(self) -> list[Safe]:
        """What became safe since the last call."""
        found = []
        while self._safe:
            safe = self._safe.popleft()
            self.handed -= len(safe.messages)
            found.append(safe)
        return found

    def _due(self) -> bool:
        if not self._messages and not self._released:
            return False
        many = self._messages >= _MOST_MESSAGES or self._bytes >= _MOST_BYTES
        return many or not self.handed or time.monotonic() - self._handed_at >= _GATHER_SECONDS

    def _prepare(self, connection: int) -> None:
        """Decode what was gathered into deliveries."""
        gathered, self._gathered = self._gathered, {}
        self._messages = self._bytes = 0
        if gathered:
            self._held.extend(map(self._delivery, self._decoding.decode(gathered)))
        if self._released:
            released, self._released = tuple(self._released), []
            notes = [self.memory.released(mid) for mid in dict.fromkeys(released)]
            safe = Safe([], released, connection)
            committed = partial(self._committed, safe)
            self._held.append((Delivery(_NOWHERE, nothing(), 0, notes, committed), 0))

    def _delivery(self, found: TopicRatings) -> tuple[Delivery, int]:
        first, place = self.memory.place(found.name, len(found.messages))
        marked = [message for message in found.messages if message.qos]
        notes = [self.memory.note(message.mid) for message in marked]
        messages = [(m.mid, self.memory.entry(m.mid), m.qos) for m in found.messages if m.qos]
        unmarked = len(found.messages) - len(marked)
        safe = Safe(messages + [_UNANSWERED] * unmarked)
        delivery = Delivery(
            partition=self.door.partition(found.name),
            ratings=moved(found.ratings, first),
            size=found.size,
            notes=[*notes, place],
            committed=partial(self._committed, safe),
        )
        return delivery, len(safe.messages)

    def _deliver(self, *, wait: bool) -> None:
        while self._held:
            delivery, count = self._held[0]
            if not self.door.deliver(delivery, wait=wait):
                return
            self._held.popleft()
            self.handed += count
            self._handed_at = time.monotonic()

    def _committed(self, safe: Safe, _: Receipt) -> None:
        """In the engine's thread."""
        self._safe.append(safe)
        self.wake()


_UNANSWERED = (0, Entry(b"", 0), 0)
"""Stands for a message at QoS 0."""
