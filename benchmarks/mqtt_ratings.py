"""Ratings by MQTT to the commit, beside a bare paho subscriber, on one private Mosquitto.

Each side drains the same messages, published at QoS 1 while it was away, and acknowledges each: the
bare one by hand as soon as it has it, the service behind the commit. Real time on all cores, the
broker's own work in it on both sides. The rows of latency publish at that rate.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import numpy as np
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.measuring import Given, Result, main
from servers.mosquitto import Mosquitto
from servers.ports import HOST, free_port
from servers.server import Server
from starwatch.codecs.options import InputOptions
from starwatch.mqtt.packets import Published
from starwatch.ports import Delivery, Receipt
from starwatch.ratings.scale import Scale
from starwatch.service.inbox import Received
from starwatch.service.live import Service
from starwatch.service.state import State
from starwatch.service.stop import Stop
from starwatch.sources.live import SourceContext, open_live
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec

MESSAGES = 30_000
RATE, SECONDS = 1000, 10
TOPIC = "ratings"


def payload(number: int) -> bytes:
    fields = {
        "reviewerID": f"A{number % 9973}",
        "productID": f"{number % 500:010}",
        "rating": 1 + number % 5,
        "timestamp": 1_700_000_000 + number // 1000,
        "dummy": "a",
    }
    return json.dumps(fields).encode()


@contextmanager
def broker() -> Iterator[int]:
    with tempfile.TemporaryDirectory() as folder:
        kind = Mosquitto(port=free_port())
        server = Server(kind, Path(folder), tied=True)
        server.start()
        try:
            yield kind.port
        finally:
            server.stop()


def publish(port: int, number: int) -> None:
    """From a process of its own, as fast as Mosquitto takes them."""
    code = f"from benchmarks.mqtt_ratings import publish_here as p; p({port}, {number})"
    subprocess.run([sys.executable, "-c", code], check=True)


def publish_here(port: int, number: int, *, rate: int = 0) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect(HOST, port)
    client.loop_start()
    began = time.monotonic()
    sent = None
    for n in range(number):
        if rate and (early := began + n / rate - time.monotonic()) > 0:
            time.sleep(early)
        body = payload(n)
        if rate:  # when it was published, in the field that nobody else reads
            body = body.replace(b'"dummy": "a"', b'"dummy": "%.6f"' % time.time())
        sent = client.publish(TOPIC, body, 1)
    if sent is not None:
        sent.wait_for_publish()
    client.disconnect()
    client.loop_stop()


def bare(port: int, *, subscribe_only: bool = False) -> float:
    """Seconds in which a paho subscriber with manual acks drains the session."""
    done, ready = threading.Event(), threading.Event()
    times: list[float] = []
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id="bare", clean_session=False, manual_ack=True
    )

    def on_message(client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        client.ack(message.mid, message.qos)
        times.append(time.perf_counter())
        if len(times) == MESSAGES:
            done.set()

    client.on_message = on_message
    client.on_subscribe = lambda *_: ready.set()
    client.connect(HOST, port)
    client.loop_start()
    client.subscribe(TOPIC, 1)
    ready.wait(10)
    if not subscribe_only:
        done.wait(120)
    client.disconnect()
    client.loop_stop()
    return times[-1] - times[0] if times else 0.0


@contextmanager
def service(folder: Path, port: int, told: Callable[[Delivery], None]) -> Iterator[Service]:
    """A service as `starwatch run` makes it; `told` gets every delivery when it is committed."""
    job = Job(windows=(WindowSpec(30_000, 5000),), time=WindowTime.ARRIVAL, bound_ms=0)
    context = SourceContext(InputOptions(), Scale(), True, MappingProxyType({}))
    source = open_live(f"mqtt://{HOST}:{port}/{TOPIC}?client_id=service", context)
    stop = Stop()
    with State(folder / "state") as state:
        made = Service(state, job, [source], [])
        put = made.inbox.put

        def listened(received: Received, *, wait: bool) -> bool:
            delivery, committed = received.delivery, received.delivery.committed

            def both(receipt: Receipt) -> None:
                committed(receipt)
                told(delivery)

            object.__setattr__(delivery, "committed", both)
            return put(received, wait=wait)

        made.inbox.put = listened
        thread = threading.Thread(target=made.run, args=(stop, lambda: 0.1))
        thread.start()
        try:
            yield made
        finally:
            stop.set()
            thread.join()


def drained(folder: Path, port: int) -> float:
    """Seconds from the first commit to the last; what the first held is not counted."""
    done = threading.Event()
    times, counts = [], []

    def told(delivery: Delivery) -> None:
        if len(delivery.ratings):
            times.append(time.perf_counter())
            counts.append(len(delivery.ratings))
            if sum(counts) == MESSAGES:
                done.set()

    with service(folder, port, told):
        done.wait(120)
    return (times[-1] - times[0]) * MESSAGES / (MESSAGES - counts[0])


def subscribed(folder: Path, port: int) -> None:
    with service(folder, port, lambda _: None) as made:
        while not made.sources[0].door.is_connected:
            time.sleep(0.01)
        time.sleep(0.2)


def latencies(folder: Path, port: int) -> np.ndarray:
    """Milliseconds from publish to commit of each rating."""
    found: list[float] = []
    stamps: list[float] = []
    with service(folder, port, lambda d: found.extend([time.time()] * len(d.ratings))) as made:
        while not made.sources[0].door.is_connected:
            time.sleep(0.01)
        handing = made.sources[0].source._handing  # noqa: SLF001
        take = handing.take

        def taken(name: str, message: Published) -> None:
            stamps.append(float(json.loads(message.payload)["dummy"]))
            take(name, message)

        handing.take = taken
        code = "from benchmarks.mqtt_ratings import publish_here as p; "
        code += f"p({port}, {RATE * SECONDS}, rate={RATE})"
        subprocess.run([sys.executable, "-c", code], check=True)
        time.sleep(1)
    return (np.array(found) - np.array(stamps)) * 1000


def every_core() -> None:
    """The broker and the publisher are processes of their own, on both sides."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))


def measure(given: Given) -> list[Result]:
    every_core()
    theirs, ours = [], []
    for _ in range(given.repeats):
        with broker() as port, tempfile.TemporaryDirectory() as folder:
            bare(port, subscribe_only=True)
            publish(port, MESSAGES)
            theirs.append(MESSAGES / bare(port))
        with broker() as port, tempfile.TemporaryDirectory() as folder:
            subscribed(Path(folder), port)
            publish(port, MESSAGES)
            ours.append(MESSAGES / drained(Path(folder), port))
    with broker() as port, tempfile.TemporaryDirectory() as folder:
        delays = latencies(Path(folder), port)
    one, other = statistics.median(ours), statistics.median(theirs)
    p50, p99 = np.percentile(delays, [50, 99])
    return [
        Result(
            "MQTT QoS 1 to the commit, against a bare paho subscriber with manual acks",
            one / other, must=0.7, aim=0.9,
            detail=f"{one / 1000:.1f} k/s, {other / 1000:.1f} k/s",
        ),
        Result(
            "1,000 ratings/s over MQTT, publish to committed, median", p50, "ms",
            must=100, aim=30, more=False, detail=f"{len(delays):,} ratings",
        ),
        Result(
            "the same, 99th percentile", p99, "ms",
            must=400, aim=150, more=False, detail=f"largest {delays.max():.0f} ms",
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    main(measure)
