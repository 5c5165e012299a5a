"""One connection of an MQTT source: reads, judges, hands over, answers behind the commit."""

import logging
import time
from collections.abc import Sequence

from starwatch.mqtt.connection import Connection
from starwatch.mqtt.dialling import lowered
from starwatch.mqtt.filters import asked_for, unshared
from starwatch.mqtt.packets import (
    PUBACK,
    PUBCOMP,
    PUBREC,
    PUBREL,
    SUBACK,
    V5,
    Packet,
    Published,
    answers,
    subscribe,
    unsubscribe,
)
from starwatch.sources.mqtt_handing import Handing
from starwatch.sources.mqtt_levels import Levels
from starwatch.sources.mqtt_memory import Verdict

_LOG = logging.getLogger(__name__)

_SUBSCRIBED, _UNSUBSCRIBED = 1, 2
"""The packet ids of our SUBSCRIBE and UNSUBSCRIBE: ours are counted apart from the broker's."""

_MOST_TOPICS = 10_000
"""So many topics of messages are remembered as looked at; beyond that each is looked at again."""

_EXACTLY_ONCE = 2

_FEWEST_IN_FLIGHT = 10
"""What every broker sends without an answer where MQTT 3.1.1 cannot ask for more."""

_COMMIT_SECONDS = 3.0
"""How long the end waits for the commits of what was handed over."""


class Visit:
    """One connection, from SUBSCRIBE to its end.

    Args:
        connection: The connection.
        handing: What was received and is not safe.
        topics: Topic filters.
        number: The number of this connection; answers go only where the message came.
        protocol: 4 or 5.
        qos: The highest quality of service to ask for.
        in_flight: How many messages the broker may send without an answer (MQTT 5).
    """

    def __init__(  # noqa: PLR0913
        self,
        connection: Connection,
        handing: Handing,
        topics: Sequence[str],
        *,
        number: int,
        protocol: int,
        qos: int,
        in_flight: int,
    ) -> None:
        self._connection = connection
        self._handing = handing
        self._door = handing.door
        self._memory = handing.memory
        self._topics = topics
        self._number = number
        self._protocol = protocol
        self._qos = qos
        self._most = in_flight // 2 if protocol == V5 else _FEWEST_IN_FLIGHT
        self._levels = Levels(self._door)
        self._met: set[str] = set()

    def run(self) -> None:
        """Receive until the service stops.

        Raises:
            SourceFailed: the connection is lost, or a topic is refused.
        """
        connection, handing = self._connection, self._handing
        handing.wake = connection.wake
        self._begin()
        while not self._door.stopping:
            full = handing.full
            ready = connection.wait(handing.pause, reading=not full)
            self._answer()
            if ready and not full:
                self._receive()
            handing.hand_over(self._number)
            if handing.full or handing.waiting >= self._most:
                self._levels.behind()
            self._levels.tell()
        self._end()

    def _begin(self) -> None:
        self._connection.send(subscribe(_SUBSCRIBED, self._topics, self._qos, self._protocol))
        self._door.connected(value=True)
        for topic in map(unshared, self._topics):
            if not {"+", "#"} & set(topic.split("/")):
                self._door.partition(self._handing.name_of(topic))
        self._sort(self._connection.first)

    def _end(self) -> None:
        """Answer what is committed soon, and leave so that the session is kept."""
        until = time.monotonic() + _COMMIT_SECONDS
        while self._handing.handed and time.monotonic() < until:
            self._connection.wait(0.02, reading=False)
            self._answer()
        self._connection.leave(1.0)

    def _receive(self) -> None:
        packets, drained = self._connection.receive()
        self._sort(packets)
        if not drained:
            self._levels.behind()

    def _sort(self, packets: Sequence[Published | Packet]) -> None:
        for packet in packets:
            if isinstance(packet, Published):
                self._take(packet)
            elif packet.kind == PUBREL:
                self._release(int.from_bytes(packet.body[:2]))
            elif packet.kind == SUBACK:
                self._subscribed(packet.body)

    def _take(self, message: Published) -> None:
        if message.retain:  # no rating that is given now: it was taken when it was published
            self._answer_now(message)
            return
        if message.qos:
            verdict = self._memory.judge(message, self._number)
            if verdict is not Verdict.NEW:
                self._door.redelivered()
                if verdict is Verdict.SAFE:
                    self._answer_now(message)
                return
        if message.topic not in self._met:
            self._meet(message.topic)
        name = self._handing.name_of(message.topic)
        self._levels.came(name)
        self._handing.take(name, message)

    def _meet(self, topic: str) -> None:
        """The first message of a topic: one that nobody asks for comes by an old subscription."""
        if len(self._met) < _MOST_TOPICS:
            self._met.add(topic)
            if not asked_for(topic, self._topics):
                self._connection.send(unsubscribe(_UNSUBSCRIBED, topic, self._protocol))
                _LOG.warning(
                    "the broker gives the topic %r, which is not asked for: this client id was"
                    " subscribed to it before; it is unsubscribed from, what has come counts",
                    topic,
                )

    def _release(self, mid: int) -> None:
        """The broker knows that a message at QoS 2 is safe: forget it, and then say so."""
        if self._memory.is_safe(mid):
            self._handing.release(mid)
        else:
            self._connection.send(answers(PUBCOMP, [mid]))

    def _answer_now(self, message: Published) -> None:
        if message.qos:
            self._connection.send(answers(_kind(message.qos), [message.mid]))

    def _answer(self) -> None:
        """Send the answers whose time has come."""
        out: list[bytes] = []
        for safe in self._handing.safe():
            for mid, entry, qos in safe.messages:
                entry.safe = True
                if qos and entry.connection == self._number:
                    out.append(answers(_kind(qos), (mid,)))
            if safe.connection == self._number:
                out.append(answers(PUBCOMP, safe.released))
        if out:
            self._connection.send(b"".join(out))

    def _subscribed(self, body: bytes) -> None:
        for topic, qos in lowered(self._topics, body, self._protocol, self._qos).items():
            _LOG.warning("the broker gives the topic %r at QoS %d only", topic, qos)


def _kind(qos: int) -> int:
    return PUBREC if qos == _EXACTLY_ONCE else PUBACK
