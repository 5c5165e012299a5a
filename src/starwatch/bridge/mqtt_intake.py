"""Messages from an MQTT broker, each acknowledged when it is where it goes."""

import hashlib
import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from starwatch.bridge.crossing import Crossing
from starwatch.errors import BadSetting, SourceFailed
from starwatch.mqtt.address import Address, parse
from starwatch.mqtt.connection import Connection
from starwatch.mqtt.dialling import SESSION_OPTIONS, Dialler, Limits, lowered
from starwatch.mqtt.packets import (
    PUBACK,
    PUBCOMP,
    PUBREC,
    PUBREL,
    SUBACK,
    Packet,
    Published,
    answers,
    subscribe,
)
from starwatch.service.pauses import Pauses
from starwatch.service.stop import Stop
from starwatch.sources.mqtt_memory import Entry, Memory, Verdict

_LOG = logging.getLogger(__name__)

_SUBSCRIBED = 1
_EXACTLY_ONCE = 2
_LOOK_SECONDS = 0.25
_WELL_SECONDS = 10.0
"""A connection that lasted so long is made again soon."""

_LAST_SECONDS = 3.0
"""How long the end waits for what is in hand."""


@dataclass(slots=True, eq=False)
class _Held:
    """A message that is to be answered.

    Attributes:
        mid: Its packet id; 0 at QoS 0.
        qos: Its quality of service.
        entry: What is remembered of it.
        settled: Whether the answer's time has come; set by another thread.
    """

    mid: int
    qos: int
    entry: Entry
    settled: bool = False


class MqttIntake:
    """One broker, one session, some topics.

    Guarantee: a message at QoS 1 or 2 is answered when it was delivered, or refused and kept, in
    the order in which it came; the broker gives all others again. Of those, what this process has
    had is not taken twice. While too much is in hand nothing is read, and the broker waits.

    Args:
        address: Where, what and who.
        limits: What is asked of the broker.
        crossing: Takes messages on.
    """

    def __init__(self, address: Address, limits: Limits, crossing: Crossing) -> None:
        self.name = address.name
        self._topics = address.topics
        self._limits = limits
        self._dialler = Dialler(address, limits)
        self._crossing = crossing
        self._memory = Memory({})
        self._memory.begin(limits.client_id or "")

        self._held: deque[_Held] = deque()
        self._connection: Connection | None = None
        self._number = 0
        self._woken = False
        self._trouble = ""

    def run(self, stop: Stop) -> None:
        """Receive until the end is asked for."""
        pauses = Pauses()
        while not stop.is_set():
            began = time.monotonic()
            try:
                self._visit(stop)
            except SourceFailed as error:
                if str(error) != self._trouble:
                    _LOG.warning("%s: %s; it is tried again", self.name, error)
                self._trouble = str(error)
                if time.monotonic() - began >= _WELL_SECONDS:
                    pauses.reset()
                stop.wait(pauses.next())

    def _visit(self, stop: Stop) -> None:
        """One connection, from its beginning to its end.

        Raises:
            SourceFailed: it was lost, or never came about.
        """
        connection = self._dialler.connect(self._memory.client)
        try:
            self._number += 1
            if not connection.session_present:
                self._begin_session()
            self._connection = connection
            packet = subscribe(_SUBSCRIBED, self._topics, self._limits.qos, self._dialler.protocol)
            connection.send(packet)
            self._sort(connection, connection.first)
            while not stop.is_set():
                self._turn(connection, reading=not self._crossing.full)
            self._leave(connection)
        finally:
            self._connection = None
            connection.close()

    def _begin_session(self) -> None:
        if self._memory.used and self._limits.session_expiry:
            _LOG.error(
                "%s: the broker has lost the session of the client %r: what waited in it,"
                " acknowledged to publishers, never comes",
                self.name,
                self._memory.client,
            )
        self._memory.begin(self._memory.client)

    def _turn(self, connection: Connection, *, reading: bool) -> None:
        ready = connection.wait(_LOOK_SECONDS, reading=reading)
        self._woken = False
        self._answer(connection)
        if ready and reading:
            packets, _ = connection.receive()
            self._sort(connection, packets)

    def _leave(self, connection: Connection) -> None:
        """Answer what is settled soon, and leave so that the session is kept."""
        until = time.monotonic() + _LAST_SECONDS
        while self._held and time.monotonic() < until:
            self._turn(connection, reading=False)
        self._answer(connection)
        connection.leave(1.0)

    def _sort(self, connection: Connection, packets: Sequence[Published | Packet]) -> None:
        for packet in packets:
            if isinstance(packet, Published):
                self._take(connection, packet)
            elif packet.kind == PUBREL:
                connection.send(answers(PUBCOMP, [int.from_bytes(packet.body[:2])]))
            elif packet.kind == SUBACK:
                self._subscribed(packet.body)

    def _take(self, connection: Connection, message: Published) -> None:
        books = self._crossing.books
        entry = Entry(b"", 0)
        if message.dup:
            books.redeliver()
        if message.qos:
            verdict = self._memory.judge(message, self._number)
            if verdict is Verdict.WAITS:
                return
            if message.retain or verdict is Verdict.SAFE:
                self._memory.entry(message.mid).safe = True
                connection.send(answers(_kind(message.qos), [message.mid]))
                return
            entry = self._memory.entry(message.mid)
        if message.retain:  # it was passed on when it was published
            return
        held = _Held(message.mid, message.qos, entry)
        self._held.append(held)
        spoilt = ""
        if message.large:
            most = self._limits.max_message
            spoilt = f"over {most:,} bytes (max_message); only its beginning is kept"
        self._crossing.take(
            message.payload, message.topic, partial(self._settled, held), spoilt=spoilt
        )

    def _settled(self, held: _Held, _: str) -> None:
        """By any thread."""
        held.settled = True
        connection = self._connection
        if connection is not None and not self._woken:
            self._woken = True
            connection.wake()

    def _answer(self, connection: Connection) -> None:
        """Send the answers whose time has come, in the order of their messages."""
        out: list[bytes] = []
        while self._held and self._held[0].settled:
            held = self._held.popleft()
            held.entry.safe = True
            if held.qos and held.entry.connection == self._number:
                out.append(answers(_kind(held.qos), (held.mid,)))
        if out:
            connection.send(b"".join(out))

    def _subscribed(self, body: bytes) -> None:
        lower = lowered(self._topics, body, self._dialler.protocol, self._limits.qos)
        for topic, qos in lower.items():
            _LOG.warning("the broker gives the topic %r at QoS %d only", topic, qos)
        _LOG.info("%s is read", self.name)
        self._trouble = ""


def _kind(qos: int) -> int:
    return PUBREC if qos == _EXACTLY_ONCE else PUBACK


def mqtt_address(url: str, target: str) -> tuple[Address, Limits]:
    """What a URL says, and the limits of its session.

    Without `client_id` the session belongs to this way, from these topics to this target: a bridge
    that is started again, here or on another machine, goes on with it.

    Args:
        url: `mqtt://HOST:PORT/TOPIC`.
        target: Where messages go, without secrets.

    Raises:
        BadSetting: it cannot be used.
    """
    address = parse(url, {}, SESSION_OPTIONS)
    if not address.topics:
        raise BadSetting(
            f"{address.broker} is named without a topic", hint="Add it: mqtt://HOST:PORT/TOPIC"
        )
    way = hashlib.sha256(f"{address.name} {target}".encode()).hexdigest()[:12]
    limits = {"client_id": f"starwatch-bridge-{way}", **address.options}
    return address, Limits(**limits)
