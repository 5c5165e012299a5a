"""Messages of 100 MB, and ratings from the far past and the future, at the doors of one service."""

import sys
import time
from datetime import UTC, datetime
from http.client import HTTPConnection

import pytest

from commands import run
from live.kafka_ratings import make_topic, send
from live.service import say, until, watched
from mqtt.serving import publish, rating
from servers.ports import HOST

HUGE = 100_000_000
ROOM = 60e6
"""Bytes of memory that a service may take for it: nothing near the message."""


def rejects(state):
    listed = run("rejects", "--state", state)
    return listed.out


def posted(port, body, **headers):
    connection = HTTPConnection(HOST, port, timeout=60)
    try:
        connection.request("POST", "/ratings", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (BrokenPipeError, ConnectionResetError):  # it had answered, and hung up on the rest
        answer = connection.response_class(connection.sock, method="POST")
        answer.begin()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the most memory there was")
def test_a_message_of_100_mb_takes_no_memory_and_stops_nothing(tmp_path, mosquitto):
    port = mosquitto.kind.port
    rules = ("--source", f"mqtt://{HOST}:{port}/ratings", "--time", "arrival", "--window", "1s")
    good = rating()
    for_mqtt = good[:-1] + b',"text":"' + b"x" * HUGE + b'"}'
    with watched(tmp_path, *rules) as service:
        publish(port, *[good] * 200)
        until(lambda: service.ratings["counted"] == 200)
        before = service.peak
        publish(port, good, for_mqtt, good)
        until(lambda: service.ratings["received"] == 203, 60)
        by_mqtt = service.peak - before
        lines = b"\n".join([good] * (HUGE // len(good)))
        chunks = (lines[at : at + 65_536] for at in range(0, len(lines), 65_536))
        statuses = [posted(service.port, lines)[0], posted(service.port, chunks)[0]]
        by_http = service.peak - before
        assert posted(service.port, good)[0] == 200
        told = service.ratings
        assert service.metric("ready") == 1
        assert service.metric_of("source_failures_total", "mqtt") == 0
    say(f"most memory: {by_mqtt / 1e6:.1f} MB more by MQTT, {by_http / 1e6:.1f} MB with HTTP")
    assert statuses == [413, 413]
    assert told == {"received": 204, "counted": 203, "rejected": 1, "duplicate": 0, "late": 0}
    assert '"reason":"unreadable"' in rejects(tmp_path / "state").replace(" ", "")
    assert by_mqtt < ROOM
    assert by_http < ROOM


@pytest.mark.slow
def test_impossible_times_are_refused_at_every_door_and_move_no_window(
    tmp_path, mosquitto, kafka, unique
):
    make_topic(kafka, unique)
    port = mosquitto.kind.port
    sources = (f"mqtt://{HOST}:{port}/ratings", f"kafka://{kafka}/{unique}?group={unique}")
    rules = [word for url in sources for word in ("--source", url)]
    sent = 0

    def give(when):
        """One rating of this time by each of three doors, committed."""
        nonlocal sent
        mqtt, log, http = (rating("p", id=f"{n} {when}", timestamp=when) for n in range(3))
        publish(port, mqtt)
        send(kafka, unique, [log])
        posted(service.port, http)
        sent += 3
        until(lambda: service.ratings["received"] == sent)
        return service.ratings

    with watched(tmp_path, *rules, "--window", "1h", "--duplicates", "ids") as service:
        now = time.time()
        assert give(now)["counted"] == 3
        far = (0, -1e9, datetime(1989, 12, 31, tzinfo=UTC).timestamp())
        ahead = (now + 120, now + 3600, now * 10, datetime(2999, 1, 1, tzinfo=UTC).timestamp())
        for number, when in enumerate((*far, *ahead), 1):
            assert give(when)["rejected"] == 3 * number
        told = give(now + 30)  # a clock may be somewhat ahead; that closes nobody's windows
        watermark = service.metric("watermark_timestamp_seconds")
        assert give(now + 1)["late"] == 0
        reasons = {
            key.partition("reason=")[2]: value
            for key, value in service.metrics().items()
            if key.startswith("starwatch_rejects_total")
        }
    assert told["counted"] == 6
    assert watermark <= time.time()
    assert reasons == {
        "event_time_too_old": 3 * len(far),
        "event_time_in_future": 3 * len(ahead),
    }
    done = run("verify", "--state", tmp_path / "state")
    assert done.code == 0, done.out + done.err
