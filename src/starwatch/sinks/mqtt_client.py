"""A connection to an MQTT broker that ends when it breaks, and never waits for ever."""

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Condition
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from starwatch.errors import BadSetting
from starwatch.sinks.urls import SinkUrl

_GOODBYE_SECONDS = 0.5
"""How long the broker has to take leave before the connection is cut."""


class Broken(Exception):
    """The connection is of no use any more; says why."""


class Connection:
    """One connection, with a clean session and without any second try.

    Args:
        url: Where to, as whom.

    Raises:
        Broken: there is no connection.
    """

    def __init__(self, url: SinkUrl) -> None:
        self._timeout = url.timeout
        self._change = Condition()
        self._reason = ""
        self._connected = False
        self._answered: set[int] = set()
        self._messages: dict[str, bytes] = {}
        self.client = self._made(url)
        try:
            self.client.connect(url.host, url.port or (8883 if url.scheme == "mqtts" else 1883))
            self.client.loop_start()
            self._await(lambda: self._connected)
        except (OSError, ValueError) as error:
            self.close()
            raise Broken(str(error)) from None
        except BaseException:
            self.close()
            raise

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> paho.MQTTMessageInfo:
        """Hand a message over; it is on its way, and not there.

        Raises:
            Broken: there is no connection.
        """
        self._see()
        return self.client.publish(topic, payload, qos=1, retain=retain)

    def arrive(self, message: paho.MQTTMessageInfo) -> None:
        """Wait until the broker has taken a message.

        Raises:
            Broken: it has not in time, or refuses it.
        """
        until = time.monotonic() + self._timeout
        try:
            while not message.is_published():
                self._see()
                if time.monotonic() > until:
                    raise Broken(f"no answer in {self._timeout:g} s")
                message.wait_for_publish(0.05)
        except (RuntimeError, ValueError) as error:
            raise Broken(str(error)) from None
        self._see()  # a refusal answers a message too

    def retained(self, topics: Iterable[str]) -> dict[str, bytes]:
        """What the broker keeps under these topics; those without are left out.

        Raises:
            Broken: it did not answer in time.
        """
        topics = list(topics)
        self._messages.clear()
        self._ask(lambda: self.client.subscribe([(topic, 0) for topic in topics]))
        # What was kept comes before the answer to this.
        self._ask(lambda: self.client.unsubscribe(topics))
        return dict(self._messages)

    def close(self) -> None:
        """Take leave; cut the connection where nobody answers. Safe to call twice."""
        self.client.disconnect()
        with self._change:
            self._change.wait_for(lambda: not self._connected, _GOODBYE_SECONDS)
        sock: Any = self.client.socket()
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self.client.loop_stop()

    def _made(self, url: SinkUrl) -> paho.Client:
        version = paho.MQTTv311 if url.options.get("version") == "3.1.1" else paho.MQTTv5
        client = paho.Client(
            CallbackAPIVersion.VERSION2, protocol=version, reconnect_on_failure=False
        )
        client.connect_timeout = self._timeout
        if url.user is not None:
            client.username_pw_set(url.user, url.password)
        if url.scheme == "mqtts":
            try:
                client.tls_set_context(ssl.create_default_context(cafile=url.options.get("cafile")))
            except OSError as error:
                raise BadSetting(f"the cafile cannot be used: {error.strerror}") from None
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_subscribe = client.on_unsubscribe = self._on_answer
        return client

    def _ask(self, ask: Callable[[], tuple[int, int | None]]) -> None:
        self._see()
        _, number = ask()
        self._await(lambda: number in self._answered)

    def _await(self, condition: Callable[[], bool]) -> None:
        with self._change:
            if not self._change.wait_for(lambda: condition() or self._reason, self._timeout):
                raise Broken(f"no answer in {self._timeout:g} s")
        self._see()

    def _see(self) -> None:
        if self._reason:
            raise Broken(self._reason)

    def _changed(self, reason: str = "") -> None:
        with self._change:
            self._reason = self._reason or reason
            self._change.notify_all()

    def _on_connect(self, _c: Any, _u: Any, _f: Any, code: Any, _p: Any) -> None:
        self._connected = not code.is_failure
        self._changed(f"the broker refuses the connection: {code}" if code.is_failure else "")

    def _on_disconnect(self, _c: Any, _u: Any, _f: Any, code: Any, _p: Any) -> None:
        self._connected = False
        self._changed(f"the connection was lost: {code}")

    def _on_publish(self, _c: Any, _u: Any, _m: int, code: Any, _p: Any) -> None:
        if code.is_failure:
            self._changed(f"the broker refuses a message: {code}")

    def _on_answer(self, _c: Any, _u: Any, number: int, _codes: Any, _p: Any) -> None:
        self._answered.add(number)
        self._changed()

    def _on_message(self, _c: Any, _u: Any, message: paho.MQTTMessage) -> None:
        if message.retain:
            self._messages[message.topic] = bytes(message.payload)
