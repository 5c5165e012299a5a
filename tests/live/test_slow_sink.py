"""A database that stands still for a minute while ratings stream: the job does not notice."""

import itertools
import json
import time
from datetime import UTC, datetime

import psycopg
import pytest

from commands import starwatch
from live.service import Publisher, say, until, watched
from mqtt.serving import rating
from servers.ports import HOST, free_port
from servers.postgresql import PostgreSQL

pytestmark = pytest.mark.slow

RATE, PRODUCTS = 1000, 200
SETTLE, FROZEN, LOOKS = 5, 60, 12  # seconds, seconds, and how often in those
RULES = ("--time", "arrival", "--window", "2s/1s")
LATENCY = "starwatch_latency_seconds_bucket le="


def message(number):
    return rating(f"p{number % PRODUCTS:03d}", 1 + number % 5, reviewerID=f"u{number}")


def within(before, after, share):
    """Seconds within which such a share of the ratings between two looks was committed."""
    counts = {
        float(key.removeprefix(LATENCY)): after[key] - before[key]
        for key in after
        if key.startswith(LATENCY)
    }
    return min(bound for bound, number in counts.items() if number >= share * counts[float("inf")])


def backlog(metrics, sink):
    return next(
        value
        for key, value in metrics.items()
        if key.startswith(f"starwatch_sink_backlog_rows sink={sink}:")
    )


def in_database(address):
    query = "SELECT product, window_start, window_end, count, mean, revision FROM public.windows"
    with psycopg.connect(address) as connection:
        return sorted(
            (product, start.astimezone(UTC), end.astimezone(UTC), count, float(mean), revision)
            for product, start, end, count, mean, revision in connection.execute(query)
        )


def in_file(path):
    at = datetime.fromisoformat
    return sorted(
        (r["product"], at(r["start"]), at(r["end"]), r["count"], r["mean"], r["revision"])
        for r in map(json.loads, path.read_text().splitlines())
    )


def test_a_database_that_is_frozen_for_a_minute_costs_nothing(tmp_path, mosquitto, servers):
    database = servers.start(PostgreSQL(port=free_port()))
    address, out = database.kind.address(), tmp_path / "w.jsonl"
    sinks = ("--sink", f"{address}?table=public.windows&timeout=5", "--sink", f"jsonl:{out}")
    source = ("--source", f"mqtt://{HOST}:{mosquitto.kind.port}/ratings")
    looks, behind = [], []
    with watched(tmp_path, *source, *sinks, *RULES) as service:
        with Publisher(mosquitto.kind.port, message, RATE) as publisher:
            time.sleep(SETTLE)
            looks.append(service.metrics())
            database.freeze()
            try:
                for _ in range(LOOKS):
                    time.sleep(FROZEN / LOOKS)
                    sent = publisher.sent
                    looks.append(service.metrics())
                    behind.append(sent - looks[-1]["starwatch_received_ratings_total"])
                troubles = service.troubles
            finally:
                database.thaw()
            thawed = time.monotonic()
            # the stream goes on, so some rows are always on their way
            until(lambda: backlog(service.metrics(), "postgresql") < 3 * PRODUCTS, 60)
            drained = time.monotonic() - thawed
        until(lambda: service.ratings["received"] == publisher.sent)
        until(lambda: backlog(service.metrics(), "postgresql") == 0)
        told = service.ratings
        last = service.metrics()
    waiting = [int(backlog(each, "postgresql")) for each in looks]
    memory = [each["process_resident_memory_bytes"] / 1e6 for each in looks]
    half, most = (within(looks[0], looks[-1], share) for share in (0.5, 0.99))
    say(f"{told}, half of them committed within {half} s, 99 % within {most} s")
    say(f"behind {behind}, backlog {waiting}, gone {drained:.1f} s after the thaw")
    say(f"MB {[round(each) for each in memory]}")

    # nothing is lost, and the job went on as if nothing were
    assert told["counted"] == told["received"] == publisher.sent == publisher.acknowledged
    assert publisher.sent >= 0.9 * RATE * (SETTLE + FROZEN)
    assert max(behind) <= 5 * RATE  # a busy machine; if the sink were waited for, a whole minute
    assert half <= 0.5
    assert most <= 5.0
    assert max(memory) <= memory[0] + 50
    # the operator sees which sink it is, and what waits for it
    (trouble,) = troubles
    assert trouble.startswith("sink postgresql://")
    assert " is broken: " in trouble
    assert all(more > less for less, more in itertools.pairwise(waiting))
    assert waiting[-1] >= 0.8 * PRODUCTS * FROZEN
    assert max(backlog(each, "jsonl") for each in looks) <= 5 * PRODUCTS
    # and in the end everything is everywhere
    assert not any(v for k, v in last.items() if "passed_over" in k or "refused" in k)
    assert in_database(address) == in_file(out)
    assert last["starwatch_window_rows_total"] <= len(in_file(out))
    done = starwatch("verify", "--state", tmp_path / "state")
    assert done.code == 0, done.out + done.err
