"""Masses of messages that are no ratings, with a rating here and there between them."""

import itertools
import threading
import time
from contextlib import contextmanager

import pytest

from commands import run
from live.kafka_ratings import make_topic, send
from live.mqtt import flood
from live.service import say, until, watched
from mqtt.serving import rating
from servers.ports import HOST
from starwatch.journal.rejects import KEPT_REJECTS

pytestmark = pytest.mark.slow

MESSAGES, EVERY = 200_000, 1000
"""A million takes five times as long, and as much memory and disk."""

MALFORMED = (b"{", b"", b"[1]", b"\xff\xfe", b'{"rating": 5}', b"\x1f\x8b", b'"x"', b"null")
RULES = ("--time", "arrival", "--window", "2s/1s")


def messages():
    """As many as shall come; each thousandth is a rating."""
    bad = itertools.cycle(MALFORMED)
    return [rating(f"p{n}") if n % EVERY == 0 else next(bad) for n in range(MESSAGES)]


@contextmanager
def looked_at(service):
    """Ask ten times a second how the service is; gives the times of answers, and memory."""
    seconds, memory, ended = [], [service.resident], threading.Event()

    def look():
        while not ended.wait(0.1):
            began = time.monotonic()
            assert service.alive
            seconds.append(time.monotonic() - began)
            if len(seconds) % 10 == 0:
                memory.append(service.resident)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seconds, memory
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def mqtt_door(mosquitto):
    port = mosquitto.kind.port
    return f"mqtt://{HOST}:{port}/ratings", lambda payloads: flood(port, payloads)


@pytest.fixture
def kafka_door(kafka, unique):
    make_topic(kafka, unique)
    url = f"kafka://{kafka}/{unique}?group={unique}"
    return url, lambda payloads: send(kafka, unique, payloads)


@pytest.mark.parametrize("door", ["mqtt", "kafka"])
def test_malformed_messages_are_counted_within_bounds(tmp_path, request, door):
    url, give = request.getfixturevalue(f"{door}_door")
    good = MESSAGES // EVERY
    with watched(tmp_path, "--source", url, *RULES) as service:
        with looked_at(service) as (seconds, memory):
            began = time.monotonic()
            give(messages())
            given = time.monotonic() - began
            until(lambda: service.ratings["received"] >= MESSAGES, 120)
            took = time.monotonic() - began
        told = service.ratings
        ready = service.metric("ready")
    say(f"{door}: {told}, given in {given:.1f} s, committed in {took:.1f} s")
    say(f"answers: {len(seconds)}, the slowest {max(seconds):.2f} s")
    say(f"MB {[round(each / 1e6) for each in memory]}")
    base = sum(f.stat().st_size for f in (tmp_path / "state").glob("starwatch.db*"))
    say(f"database {base / 1e6:.1f} MB")
    assert told == {
        "received": MESSAGES,
        "counted": good,
        "rejected": MESSAGES - good,
        "duplicate": 0,
        "late": 0,
    }
    assert ready == 1
    assert max(seconds) < 5
    assert max(memory) < memory[0] + 150e6
    # the newest can be listed, the others are counted
    listed = run("rejects", "--state", tmp_path / "state")
    assert len(listed.out.splitlines()) == KEPT_REJECTS
    assert f"{MESSAGES - good - KEPT_REJECTS:,}" in listed.err
    assert base < 100e6
