"""Ratings from an MQTT broker: answered behind the commit, told apart when they come again.

Guarantee: a message at QoS 1 or 2 is acknowledged when its ratings are on the disk, and not before;
one that the broker gives again is not counted again (`starwatch.sources.mqtt_memory` tells how). At
QoS 0 a message is lost with the process or the connection that has it.

A topic is a partition. Messages are taken as they come and decoded together. While the service's
queue is full nothing is read, and the broker waits.
"""

import logging
from dataclasses import dataclass

from starwatch.codecs.payloads import Payloads
from starwatch.errors import BadSetting, SourceFailed
from starwatch.mqtt.address import Address, parse
from starwatch.mqtt.connection import Connection, OtherVersion
from starwatch.mqtt.packets import V5, V311, Hello
from starwatch.ports import Door
from starwatch.sources.live import SourceContext
from starwatch.sources.mqtt_decoding import Decoding
from starwatch.sources.mqtt_handing import Handing
from starwatch.sources.mqtt_memory import Memory
from starwatch.sources.mqtt_visit import Visit

_LOG = logging.getLogger(__name__)

OPTIONS = {
    "qos": int,
    "client_id": str,
    "keepalive": int,
    "session_expiry": int,
    "in_flight": int,
    "max_message": int,
    "max_topics": int,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What is asked of the broker, and how much is taken.

    Attributes:
        qos: The highest quality of service that is subscribed with.
        client_id: Who the session belongs to; None: made up once, and remembered.
        keepalive: Seconds of silence after which the connection counts as lost.
        session_expiry: Seconds for which the broker keeps the session (MQTT 5).
        in_flight: Messages that it may send without an answer (MQTT 5).
        max_message: Bytes of a message, packed and unpacked; larger ones are rejected.
        max_topics: Topics that have a partition of their own.
    """

    qos: int = 1
    client_id: str | None = None
    keepalive: int = 20
    session_expiry: int = 7 * 86_400
    in_flight: int = 1000
    max_message: int = 8 << 20
    max_topics: int = 1000

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        ranges = {
            "qos": (0, 2),
            "keepalive": (1, 65_535),
            "session_expiry": (0, 0xFFFF_FFFF),
            "in_flight": (1, 65_535),
            "max_message": (1, 1 << 28),
            "max_topics": (1, 1_000_000),
        }
        for name, (low, high) in ranges.items():
            if not low <= (value := getattr(self, name)) <= high:
                allowed = "0, 1 or 2" if name == "qos" else f"a number from {low:,} to {high:,}"
                raise BadSetting(
                    f"the MQTT option {name} cannot be {value}", hint=f"It is {allowed}"
                )


def mqtt_source(url: str, context: SourceContext) -> "MqttSource":
    """Make a source for `mqtt://HOST:PORT/TOPIC`; nothing is connected yet.

    Raises:
        BadSetting: the URL or an option cannot be used.
    """
    address = parse(url, context.options, OPTIONS)
    if not address.topics:
        raise BadSetting(
            f"{address.broker} is named without a topic", hint="Add it: mqtt://HOST:PORT/TOPIC"
        )
    limits = Limits(**dict(address.options))
    return MqttSource(address, limits, Payloads(context.input, context.scale))


class MqttSource:
    """One broker, one session, some topics.

    Args:
        address: Where, what and who.
        limits: What is asked of the broker, and how much is taken.
        payloads: Reads the messages.
    """

    def __init__(self, address: Address, limits: Limits, payloads: Payloads) -> None:
        self._address = address
        self._limits = limits
        self._decoding = Decoding(payloads, limits.max_message)
        self._protocol = address.protocol or V5

        self.own_time = False

        self._handing: Handing | None = None
        self._connections = 0

    @property
    def name(self) -> str:
        """The URL without any secret."""
        return self._address.name

    @property
    def broker(self) -> str:
        """The URL of the broker alone, without any secret."""
        return self._address.broker

    @property
    def topics(self) -> tuple[str, ...]:
        """What is subscribed to."""
        return self._address.topics

    def run(self, door: Door) -> None:
        """Receive until the service stops.

        Raises:
            SourceFailed: the broker is away, refuses, or hung up.
        """
        if self._handing is None:
            self._handing = self._first(door)
        handing = self._handing
        connection = self._connect(handing.memory.client)
        try:
            if not connection.session_present and handing.memory.used:
                self._say_lost(handing.memory.client)
                handing.begin_session(handing.memory.client)
            self._connections += 1
            visit = Visit(
                connection,
                handing,
                self._address.topics,
                number=self._connections,
                protocol=self._protocol,
                qos=self._limits.qos,
                in_flight=self._limits.in_flight,
            )
            visit.run()
        finally:
            handing.flush()
            connection.close()

    def _say_lost(self, client: str) -> None:
        if self._limits.session_expiry:  # else nothing was to be kept
            _LOG.error(
                "source %s: the broker has lost the session of the client %r: what waited in it,"
                " acknowledged to publishers, never comes",
                self.name,
                client,
            )

    def _first(self, door: Door) -> Handing:
        """Remember what earlier runs noted; a client id that is new begins a session."""
        notes = {key: value for key, (value, _) in door.remembered().items()}
        memory = Memory(notes)
        handing = Handing(door, memory, self._decoding, most_names=self._limits.max_topics)
        client = self._limits.client_id or memory.client
        if not memory.begun or client != memory.client:
            handing.begin_session(client)
        return handing

    def _connect(self, client: str) -> Connection:
        """Connect, by the version that was asked for, or by the one that the broker knows."""
        try:
            return self._spoken(client)
        except OtherVersion:
            if self._address.protocol or self._protocol != V5:
                raise self._unknown_version() from None
        self._protocol = V311
        try:
            return self._spoken(client)
        except OtherVersion:
            raise self._unknown_version() from None
        except SourceFailed:
            self._protocol = V5  # it was away, not old
            raise

    def _unknown_version(self) -> SourceFailed:
        return SourceFailed(
            f"{self._address.broker} does not speak this version of MQTT",
            hint="Leave the option protocol out",
        )

    def _spoken(self, client: str) -> Connection:
        hello = Hello(
            client=client,
            protocol=self._protocol,
            keepalive=self._limits.keepalive,
            user=self._address.user,
            password=self._address.password,
            session_seconds=self._limits.session_expiry,
            in_flight=self._limits.in_flight,
        )
        return Connection(self._address, hello, self._limits.max_message)
