"""What a subscriber of an MQTT broker gets, and messages faster than paho sends them."""

import secrets
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion


@contextmanager
def subscribed(port: int, topics: str, user: str, password: str) -> Iterator[list]:
    """The messages that come, in their order, while the context lasts."""
    got, ready = [], Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.username_pw_set(user, password)
    client.on_message = lambda _c, _u, message: got.append(message)
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.subscribe(topics, qos=0)
    assert ready.wait(10)
    try:
        yield got
    finally:
        client.disconnect()
        client.loop_stop()


def retained(port: int, topics: str, user: str, password: str) -> dict[str, bytes]:
    """What the broker keeps, by topic; it is all there when nothing comes for a while."""
    with subscribed(port, topics, user, password) as got:
        before = -1
        while len(got) > before:
            before = len(got)
            time.sleep(0.3)
        return {message.topic: message.payload for message in got if message.retain}


def flood(port: int, payloads: Sequence[bytes], *, topic: str = "ratings") -> None:
    """Publish short messages at QoS 1; each is acknowledged by the broker when this returns."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as stream:
        stream.sendall(_connect())
        assert _read(stream, 4) == b"\x20\x02\x00\x00"
        for first in range(0, len(payloads), 1000):
            block = payloads[first : first + 1000]
            stream.sendall(b"".join(_publish(topic, *each) for each in enumerate(block, 1)))
            answers = _read(stream, 4 * len(block))
            assert answers[::4] == b"\x40" * len(block)
        stream.sendall(b"\xe0\x00")


def _connect() -> bytes:
    """MQTT 3.1.1, a clean session, no keep-alive, a client id that nobody else has."""
    client = f"flood-{secrets.token_hex(6)}".encode()
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + len(client).to_bytes(2) + client
    return b"\x10" + bytes([len(body)]) + body


def _publish(topic: str, mid: int, payload: bytes) -> bytes:
    body = len(topic).to_bytes(2) + topic.encode() + mid.to_bytes(2) + payload
    assert len(body) < 1 << 14
    length = [len(body)] if len(body) < 128 else [len(body) % 128 | 128, len(body) // 128]
    return bytes([0x32, *length]) + body


def _read(stream: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = stream.recv(size - len(found))
        assert part, "the broker hung up"
        found += part
    return found
