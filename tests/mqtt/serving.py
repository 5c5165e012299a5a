"""A service with an MQTT source, in the process of the test, and what publishes to its broker."""

import json
import queue
from contextlib import contextmanager
from types import MappingProxyType

import paho.mqtt.client as mqtt

from servers.ports import HOST
from service.serving import JOB, running
from starwatch.codecs.options import InputOptions
from starwatch.ratings.scale import Scale
from starwatch.sources.live import SourceContext, open_live


def source_at(url, **options):
    context = SourceContext(InputOptions(), Scale(), True, MappingProxyType(options))
    return open_live(url, context)


@contextmanager
def serving(folder, url, *, outputs=(), job=JOB, **options):
    """A service on a state in `folder`; gives it back drained."""
    source = source_at(url, **options)
    with running(folder, source, outputs=outputs, job=job, noted=True) as service:
        yield service


def subscribed(service):
    """Whether its source has subscribed: its session is there, so nothing is missed any more."""
    return service.sources[0].door.is_connected


def rating(product="p", stars=5, **more):
    fields = {"reviewerID": "A1", "productID": product, "rating": stars, "dummy": "a"} | more
    return json.dumps(fields).encode()


@contextmanager
def publisher(port, *, tls=None, login=None, in_flight=20):
    """A paho client, connected."""
    joined = queue.SimpleQueue()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(in_flight)
    client.on_connect = lambda *_: joined.put(True)
    if tls is not None:
        client.tls_set_context(tls)
    if login is not None:
        client.username_pw_set(*login)
    client.connect(HOST, port)
    client.loop_start()
    joined.get(timeout=10)
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def publish(port, *payloads, topic="ratings", qos=1, retain=False, **settings):
    """Publish; each is acknowledged by the broker when this returns."""
    with publisher(port, **settings) as client:
        sent = [client.publish(topic, payload, qos, retain) for payload in payloads]
        for each in sent:
            each.wait_for_publish(20)
            assert each.is_published()
