"""A bridge in a process of its own that a test can kill, and what it brought to Kafka."""

import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.client import HTTPException
from urllib.request import Request, urlopen

from confluent_kafka import Consumer, TopicPartition

from commands import soon

PATIENCE = 120.0
"""Seconds for anything here: kills cost pauses, and machines may be busy."""


class Bridge:
    """`starwatch bridge` with these options; what it says stands in `said`."""

    def __init__(self, folder, *options):
        command = [sys.executable, "-m", "starwatch", "bridge", *map(str, options)]
        self.refused = folder / "refused.jsonl"
        self.child = subprocess.Popen(
            [*command, "--refused", str(self.refused)], stderr=subprocess.PIPE, text=True
        )
        self.said = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def says(self, text):
        """Wait until it has said so."""
        soon(lambda: any(text in line for line in self.said), seconds=PATIENCE)

    def kill(self):
        """As `kill -9`."""
        self.child.kill()
        self.child.wait()

    def stop(self):
        """As Ctrl-C; its exit code."""
        self.child.send_signal(signal.SIGINT)
        return self.child.wait(30)

    def end(self):
        if self.child.poll() is None:
            self.kill()
        self._reader.join(10)
        self.child.stderr.close()
        sys.stderr.write("---- bridge\n" + "".join(self.said))

    def _read(self):
        for line in self.child.stderr:
            self.said.append(line)


class Posting:
    """Posts messages from a thread of its own, each until it is answered with 200.

    Attributes:
        taken: Numbers of the messages that were.
    """

    def __init__(self, url, numbers, message):
        self.taken = []
        self._url, self._numbers, self._message = url, numbers, message
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join(PATIENCE)

    def _run(self):
        for number in self._numbers:
            while not self._post(self._message(number)) and not self._ended.wait(0.1):
                pass
            self.taken.append(number)

    def _post(self, body):
        try:
            with urlopen(Request(self._url, body), timeout=30) as got:
                return got.status == 200
        except (OSError, HTTPException):
            return False


@contextmanager
def bridge(folder, *options):
    running = Bridge(folder, *options)
    try:
        yield running
    finally:
        running.end()


class Arrived:
    """Reads a topic from its start, as far as it is asked to."""

    def __init__(self, kafka, topic, partitions):
        self.messages = []
        settings = {"bootstrap.servers": kafka, "group.id": "never", "enable.auto.commit": False}
        self._consumer = Consumer(settings | {"log_level": 0})
        self._consumer.assign([TopicPartition(topic, each, 0) for each in range(partitions)])

    @property
    def values(self):
        """The values that came so far, as a set."""
        while found := self._consumer.consume(1000, timeout=0.2):
            self.messages += [each for each in found if not each.error()]
        return {message.value() for message in self.messages}

    def close(self):
        self._consumer.close()
