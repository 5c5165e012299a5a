"""Ratings from an MQTT broker: answered behind the commit, told apart when they come again.

Guarantee: a message at QoS 1 or 2 is acknowledged when its ratings are on the disk, and not before;
one that the broker gives again is not counted again (`starwatch.sources.mqtt_memory` tells how). At
QoS 0 a message is lost with the process or the connection that has it.

A topic is a partition. Messages are taken as they come and decoded together. While the service's
queue is full nothing is read, and the broker waits.
"""

import logging

from starwatch.codecs.payloads import Payloads
from starwatch.errors import BadSetting
from starwatch.mqtt.address import Address, parse
from starwatch.mqtt.dialling import SESSION_OPTIONS, Dialler, Limits
from starwatch.ports import Door
from starwatch.sources.live import SourceContext
from starwatch.sources.mqtt_decoding import Decoding
from starwatch.sources.mqtt_handing import Handing
from starwatch.sources.mqtt_memory import Memory
from starwatch.sources.mqtt_visit import Visit

_LOG = logging.getLogger(__name__)

OPTIONS = {**SESSION_OPTIONS, "max_topics": int}


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
        self._dialler = Dialler(address, limits)

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
        connection = self._dialler.connect(handing.memory.client)
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
                protocol=self._dialler.protocol,
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
