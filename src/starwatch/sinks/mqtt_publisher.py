"""A replay sent to an MQTT broker, as the reference's script sends it, but acknowledged."""

import logging
import secrets
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Condition
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from starwatch.errors import BadSetting, OutputFailed
from starwatch.mqtt.address import Address, parse
from starwatch.mqtt.packets import V5, V311
from starwatch.sinks.publishers import Outgoing

_LOG = logging.getLogger(__name__)

OPTIONS = {"qos": int, "in_flight": int, "client_id": str, "keepalive": int}

_IN_FLIGHT = 20
"""More is not faster with Mosquitto, which takes no more than 20 at QoS 2."""

_KEEPALIVE = 20
_LONGEST_PAUSE = 5
_HIGHEST_QOS = 2
_SESSION_SECONDS = 3600
_WAIT_SECONDS = 0.1
_CONNECT_SECONDS = 10.0

_FOR_GOOD = (4, 5, 0x84, 0x85, 0x86, 0x87, 0x8A)
"""Codes of CONNACK that no further try would mend."""


def mqtt_publisher(url: str, options: Mapping[str, Any]) -> "MqttPublisher":
    """Begin to connect to `mqtt://HOST:PORT/TOPIC`.

    Raises:
        BadSetting: the URL or an option cannot be used.
        OutputFailed: the broker refuses for good.
    """
    address = parse(url, options, OPTIONS)
    if len(address.topics) != 1 or {"+", "#"} & set(address.topics[0].split("/")):
        raise BadSetting(
            "a replay is sent to one topic without wildcards",
            hint="Name it: mqtt://HOST:PORT/TOPIC",
        )
    qos, in_flight = address.options.get("qos", 1), address.options.get("in_flight", _IN_FLIGHT)
    if not 0 <= qos <= _HIGHEST_QOS:
        raise BadSetting(f"the MQTT option qos cannot be {qos}", hint="It is 0, 1 or 2")
    if in_flight < 1:
        raise BadSetting(f"the MQTT option in_flight cannot be {in_flight}", hint="It is 1 or more")
    return MqttPublisher(address, qos=qos, in_flight=in_flight)


class MqttPublisher:
    """One connection that is made again whenever it breaks.

    Guarantee: at QoS 1 and 2 what is not acknowledged is sent again on the next connection, at
    QoS 1 maybe twice. At QoS 0 what was handed to the network counts as taken, nothing is handed
    over before there is a connection, and what waits in one that breaks is lost.

    Args:
        address: Which broker and topic, and who sends.
        qos: The quality of service.
        in_flight: Messages that wait for an acknowledgement at most.
    """

    def __init__(self, address: Address, *, qos: int, in_flight: int) -> None:
        self._address = address
        self._qos = qos
        self._most = in_flight

        self._changed = Condition()
        self._sent = self._acknowledged = 0
        self._lost = 0
        self._losses = 0
        self._refused = ""
        self._away = False
        self._closed = False
        self._client = self._made()
        self._client.connect_async(
            address.host,
            address.port,
            address.options.get("keepalive", _KEEPALIVE),
            **_kept_session(address, qos),
        )
        self._client.loop_start()

    @property
    def name(self) -> str:
        """The URL without any secret."""
        return self._address.name

    @property
    def acknowledged(self) -> int:
        """How many the broker has taken over."""
        return self._acknowledged

    def send(self, ratings: Sequence[Outgoing], stopped: Callable[[], bool]) -> int:
        """Hand over ratings in order; waits while too many are not acknowledged.

        Raises:
            OutputFailed: the broker refuses for good.
        """
        for number, each in enumerate(ratings):
            with self._changed:
                while not self._refused and not self._free():
                    if stopped():
                        return number
                    self._changed.wait(_WAIT_SECONDS)
                self._check()
                self._sent += 1
            self._client.publish(self._address.topics[0], each.json, self._qos)
        return len(ratings)

    def close(self, seconds: float) -> None:
        """Wait for what is not acknowledged, then disconnect. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        until = time.monotonic() + seconds
        with self._changed:
            while self._open and not self._refused:
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
        self._client.disconnect()
        self._client.loop_stop()
        self._say_losses()

    @property
    def _open(self) -> int:
        """How many may still be acknowledged."""
        return self._sent - self._acknowledged - self._lost

    def _free(self) -> bool:
        """Whether one more can be handed over; at QoS 0 paho drops it without a connection."""
        return self._open < self._most and (self._qos > 0 or self._client.is_connected())

    def _say_losses(self) -> None:
        if self._losses and self._qos:
            _LOG.warning(
                "%s: the connection was lost (%d times); a broker that was killed then may have"
                " lost what it had acknowledged since it saved last. Compare with"
                " `starwatch ledger` where the ratings arrive",
                self._address.broker,
                self._losses,
            )

    def _check(self) -> None:
        if self._refused:
            raise OutputFailed(
                f"{self._address.broker} refuses: {self._refused}",
                hint="Check user, password and protocol",
            )

    def _made(self) -> mqtt.Client:
        address = self._address
        protocol = address.protocol or V311
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=address.options.get("client_id") or f"starwatch-{secrets.token_hex(6)}",
            protocol=MQTTProtocolVersion(protocol),
            # at QoS 2 a broker tells what comes again by the session
            clean_session=None if protocol == V5 else self._qos < _HIGHEST_QOS,
        )
        client.max_inflight_messages_set(self._most)
        client.reconnect_delay_set(1, _LONGEST_PAUSE)
        client.connect_timeout = _CONNECT_SECONDS
        if address.user is not None or address.password is not None:
            client.username_pw_set(address.user or "", address.password)
        if address.scheme == "mqtts":
            context = ssl.create_default_context(cafile=address.ca_file)
            if address.certificate is not None:
                context.load_cert_chain(address.certificate)
            client.tls_set_context(context)
        client.on_connect = self._on_connect
        client.on_connect_fail = lambda *_: self._on_away("it cannot be reached")
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        return client

    def _on_connect(
        self, _client: object, _data: object, _flags: object, code: Any, _: Any
    ) -> None:
        if not code.is_failure:
            if self._away:
                _LOG.info("%s is there again", self._address.broker)
            self._away = False
            with self._changed:
                self._changed.notify_all()
            return
        if code.value in _FOR_GOOD:
            with self._changed:
                self._refused = str(code).lower()
                self._changed.notify_all()
        else:
            self._on_away(str(code).lower())

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, code: Any, _: Any
    ) -> None:
        with self._changed:
            if not self._qos:
                self._lost += self._open
            self._changed.notify_all()
        if code.is_failure and not self._closed:
            self._losses += 1
            self._on_away("the connection is lost")

    def _on_away(self, why: str) -> None:
        if not self._away:
            _LOG.warning("%s: %s; it is tried again", self._address.broker, why)
        self._away = True

    def _on_publish(self, *_: object) -> None:
        with self._changed:
            self._acknowledged += 1
            self._changed.notify_all()


def _kept_session(address: Address, qos: int) -> dict[str, Any]:
    """How CONNECT asks in MQTT 5 for what `clean_session` asks for in 3.1.1."""
    if address.protocol != V5:
        return {}
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = _SESSION_SECONDS if qos == _HIGHEST_QOS else 0
    return {"clean_start": mqtt.MQTT_CLEAN_START_FIRST_ONLY, "properties": properties}
