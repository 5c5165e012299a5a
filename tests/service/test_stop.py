"""A stop is asked for from a signal handler, at any moment, and wakes whoever waits."""

import subprocess
import sys
import threading
import time

import pytest

from starwatch.service.stop import Stop


def test_a_wait_ends_by_itself():
    stop = Stop()
    begun = time.monotonic()
    stop.wait(0.05)
    assert time.monotonic() - begun >= 0.05
    assert not stop.is_set()


def test_once_asked_nothing_waits():
    stop = Stop()
    stop.set()
    stop.set()
    assert stop.is_set()
    begun = time.monotonic()
    for _ in range(5):
        stop.wait(60)
    assert time.monotonic() - begun < 10


def test_a_wait_ends_when_another_thread_asks():
    stop = Stop()
    begun = time.monotonic()
    thread = threading.Timer(0.05, stop.set)
    thread.start()
    stop.wait(60)
    thread.join()
    assert time.monotonic() - begun < 10


STORM = """
import signal
from starwatch.service.stop import Stop

for microseconds in range(800):
    stop = Stop()
    signal.signal(signal.SIGALRM, lambda *_: stop.set())
    signal.setitimer(signal.ITIMER_REAL, 1e-6 * (microseconds + 1))
    while not stop.is_set():
        stop.wait(1e-7)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no alarm signals")
def test_no_signal_at_any_moment_of_a_wait_locks_it():
    # With `threading.Event` this hangs: its lock may be held by the thread that is interrupted.
    subprocess.run([sys.executable, "-c", STORM], check=True, timeout=60)
