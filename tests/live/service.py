"""`starwatch run` in a process of its own, as an operator sees it, and publishers at a rate."""

import json
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import paho.mqtt.client as mqtt
from prometheus_client.parser import text_string_to_metric_families

from servers.ports import HOST, free_port


class Watched:
    """A service that runs, by what it answers over HTTP.

    Attributes:
        state: Its state directory.
        port: Of its HTTP door.
    """

    def __init__(self, state, port, child):
        self.state, self.port, self._child = state, port, child

    def answer(self, path):
        """Status and body."""
        try:
            with urlopen(f"http://{HOST}:{self.port}{path}", timeout=30) as got:
                return got.status, got.read()
        except HTTPError as error:
            return error.code, error.read()

    @property
    def alive(self):
        """Whether it answers as one that is well should."""
        return self._child.poll() is None and self.answer("/healthz")[0] == 200

    @property
    def troubles(self):
        return json.loads(self.answer("/readyz")[1])["why"]

    def metrics(self):
        """By name and labels (`name{a="b"}` without the quotes: `name a=b`), a number each."""
        text = self.answer("/metrics")[1].decode()
        return {
            " ".join([s.name, *(f"{k}={v}" for k, v in s.labels.items())]): s.value
            for family in text_string_to_metric_families(text)
            for s in family.samples
        }

    def metric(self, name):
        return self.metrics()[f"starwatch_{name}"]

    def metric_of(self, name, source):
        """The value of the one source or sink that is called so at its beginning."""
        start = f"starwatch_{name} source={source}"
        (found,) = [value for key, value in self.metrics().items() if key.startswith(start)]
        return found

    @property
    def ratings(self):
        """Committed ratings by class, and all of them as `received`."""
        got = self.metrics()
        classes = ("counted", "duplicate", "late", "rejected")
        by_class = {each: int(got[f"starwatch_ratings_total class={each}"]) for each in classes}
        return by_class | {"received": int(got["starwatch_received_ratings_total"])}

    @property
    def resident(self):
        """Bytes of memory."""
        return self.metrics()["process_resident_memory_bytes"]

    @property
    def peak(self):
        """Bytes of memory at the most, ever (Linux)."""
        status = Path(f"/proc/{self._child.pid}/status").read_text()
        return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


@contextmanager
def watched(folder, *options):
    """Run it; at the end it is told to stop and must do so in good order."""
    port, state = free_port(), folder / "state"
    line = ["run", "--state", state, "--port", port, "--quiet", *options]
    command = [sys.executable, "-m", "starwatch", *map(str, line)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        service = Watched(state, port, child)
        try:
            until(lambda: listens(service))
            until(lambda: service.metric("ready") == 1)
            yield service
            child.send_signal(signal.SIGTERM)
            assert child.wait(60) == 0
        finally:
            child.kill()


def listens(service):
    try:
        return service.alive
    except OSError:
        return False


def say(text):
    """Tell what was measured: pytest shows it for a test that failed, and with `-s`."""
    sys.stderr.write(f"{text}\n")


def until(condition, seconds=30.0):
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


class Publisher:
    """Publishes at QoS 1 by a thread of its own, numbered from 0, at a steady rate.

    What was not acknowledged when the broker goes is published again when it is there again.

    Attributes:
        sent: How many were given to the client so far.
        acknowledged: How many of them the broker took over.
    """

    def __init__(self, port, message, rate, *, most=sys.maxsize):
        self.sent = self.acknowledged = 0
        self._message, self._rate, self._most = message, rate, most
        self._ending = threading.Event()
        self._joined = queue.SimpleQueue()
        self._client = client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        client.reconnect_delay_set(1, 1)
        client.max_inflight_messages_set(20)
        client.on_connect = lambda *_: self._joined.put(True)
        client.on_publish = self._took
        client.connect(HOST, port)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._client.loop_start()
        self._joined.get(timeout=10)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Publish nothing more; back when all is acknowledged."""
        if not self._ending.is_set():
            self._ending.set()
            self._thread.join(10)
            until(lambda: self.acknowledged == self.sent, 60)
            self._client.disconnect()
            self._client.loop_stop()

    def _run(self):
        began = time.monotonic()
        while not self._ending.wait(0.005):
            due = min(int((time.monotonic() - began) * self._rate), self._most)
            for number in range(self.sent, due):
                self._client.publish("ratings", self._message(number), 1)
                self.sent = number + 1

    def _took(self, *_):
        self.acknowledged += 1
