"""A service with an MQTT source, in the process of the test, and what publishes to its broker."""

import json
import queue
import time
from contextlib import contextmanager
from threading import Thread
from types import MappingProxyType

import paho.mqtt.client as mqtt

from servers.ports import HOST
from starwatch.codecs.options import InputOptions
from starwatch.ratings.scale import Scale
from starwatch.service.live import Service
from starwatch.service.state import State, job_facts
from starwatch.service.stop import Stop
from starwatch.sinks.registry import parse_outputs
from starwatch.sources.live import SourceContext, open_live
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec

JOB = Job(windows=(WindowSpec(400, 200),), time=WindowTime.ARRIVAL, bound_ms=0)
"""Short windows by arrival: they close while a test looks on."""


def soon(condition, seconds=15.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.01)


def source_at(url, **options):
    context = SourceContext(InputOptions(), Scale(), True, MappingProxyType(options))
    return open_live(url, context)


@contextmanager
def serving(folder, url, *, outputs=(), job=JOB, **options):
    """A service on a state in `folder`; gives it back drained."""
    stop, failures = Stop(), []
    with State(folder / "state") as state:
        facts = {"job": job_facts(job), "live": True, "by_records": False}
        if not state.belongs_to(facts):
            state.journal.note({"begun_ms": time.time_ns() // 1_000_000})
        service = Service(state, job, [source_at(url, **options)], parse_outputs(outputs))

        def run():
            try:
                service.run(stop, lambda: 0.02)
            except Exception as error:  # noqa: BLE001 - raised below
                failures.append(error)

        thread = Thread(target=run)
        thread.start()
        try:
            yield service
        finally:
            stop.set()
            thread.join(30)
            assert not thread.is_alive()
    if failures:
        raise failures[0]


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
