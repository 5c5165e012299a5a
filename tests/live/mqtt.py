"""What a subscriber of an MQTT broker gets."""

import time
from collections.abc import Iterator
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
