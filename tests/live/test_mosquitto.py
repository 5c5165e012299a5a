"""Mosquitto as tests and users get it: open, with passwords, over TLS, and over a kill."""

import queue
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import paho.mqtt.client as mqtt
import pytest

from servers.mosquitto import Mosquitto
from servers.ports import HOST, free_port
from servers.processes import wait


@contextmanager
def client(port: int, name: str = "", *, user: str = "", password: str = "", tls=None) -> Iterator:
    """A connected client that keeps its session if it has a name; its `got` holds messages."""
    joined = queue.SimpleQueue()
    made = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2,
        client_id=name,
        clean_session=not name,
        userdata=joined,
        reconnect_on_failure=False,
    )
    made.on_connect = lambda _client, joined, _flags, code, _properties: joined.put(code)
    made.on_disconnect = lambda _client, joined, _flags, code, _properties: joined.put(code)
    made.got = queue.SimpleQueue()
    made.on_message = lambda _client, _joined, message: made.got.put(message.payload)
    if user:
        made.username_pw_set(user, password)
    if tls is not None:
        made.tls_set_context(tls)
    made.connect(HOST, port)
    made.loop_start()
    try:
        code = joined.get(timeout=10)
        if code.is_failure:
            raise PermissionError(code.getName())
        yield made
    finally:
        made.disconnect()
        made.loop_stop()


def publish(port: int, *payloads: bytes, **settings: object) -> None:
    """Publish at QoS 1, each acknowledged by the broker."""
    with client(port, **settings) as publisher:
        for payload in payloads:
            publisher.publish("ratings", payload, qos=1).wait_for_publish(10)


def subscribe(port: int, name: str) -> None:
    """Open a session that the broker keeps, and leave."""
    with client(port, name) as subscriber:
        done = queue.SimpleQueue()
        subscriber.on_subscribe = lambda *_: done.put(True)
        subscriber.subscribe("ratings", qos=1)
        done.get(timeout=10)


def waiting(port: int, name: str, count: int) -> list[bytes]:
    """What the broker kept for a session."""
    with client(port, name) as subscriber:
        return [subscriber.got.get(timeout=10) for _ in range(count)]


def test_a_session_gets_what_was_published_while_it_was_away(mosquitto, unique):
    port = mosquitto.kind.port
    subscribe(port, unique)
    sent = [b"%d" % number for number in range(1500)]  # its own default would keep 1,000
    publish(port, *sent)
    assert waiting(port, unique, len(sent)) == sent


def test_a_killed_broker_keeps_what_it_had_saved(mosquitto, unique):
    port, saved = mosquitto.kind.port, mosquitto.folder / "data" / "mosquitto.db"
    subscribe(port, unique)
    publish(port, b"before")
    assert wait(lambda: saved.exists() and b"before" in saved.read_bytes(), 10)
    mosquitto.kill()
    assert not mosquitto.running
    mosquitto.start()
    assert waiting(port, unique, 1) == [b"before"]


def test_a_broker_that_saves_nothing_forgets_the_session(servers, unique):
    broker = servers.start(Mosquitto(port=free_port(), autosave_seconds=0))
    subscribe(broker.kind.port, unique)
    publish(broker.kind.port, b"before")
    broker.kill()
    broker.start()
    with client(broker.kind.port, unique) as subscriber, pytest.raises(queue.Empty):
        subscriber.got.get(timeout=0.2)


def test_passwords(servers):
    port = servers.start(Mosquitto(port=free_port(), users={"edge": "right"})).kind.port
    publish(port, b"in", user="edge", password="right")
    for wrong in ({"user": "edge", "password": "wrong"}, {}):
        with pytest.raises(PermissionError, match="Not authorized"):
            publish(port, b"out", **wrong)


def test_tls(servers, certificates):
    broker = servers.start(Mosquitto(port=free_port(), certificate=certificates.server))
    publish(broker.kind.port, b"in", tls=ssl.create_default_context(cafile=certificates.authority))
    stranger = ssl.create_default_context(cafile=certificates.stranger)
    with (
        socket.create_connection((HOST, broker.kind.port)) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        stranger.wrap_socket(plain, server_hostname=HOST)


def test_tls_with_client_certificates(servers, certificates):
    kind = Mosquitto(
        port=free_port(), certificate=certificates.server, client_ca=certificates.authority
    )
    port = servers.start(kind).kind.port
    known = ssl.create_default_context(cafile=certificates.authority)
    known.load_cert_chain(certificates.client)
    publish(port, b"in", tls=known)
    nobody = ssl.create_default_context(cafile=certificates.authority)
    with pytest.raises(PermissionError):
        publish(port, b"out", tls=nobody)
