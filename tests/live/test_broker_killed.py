"""What a broker that is killed takes with it, by the publisher's count and by the ledger.

A publisher counts what the broker acknowledged; what the ledger lacks of that in the end, the
broker had lost. It may be what the broker acknowledged since it saved last, and no more.
"""

import json
import time

import pytest

from commands import starwatch
from live.service import Publisher, say, until, watched
from mqtt.serving import rating
from servers.ports import HOST

pytestmark = pytest.mark.slow

RATE = 1000
SAVES = 2.0
"""Seconds between two saves of Mosquitto with `autosave_interval 1`: it looks whether more than a
second has passed, in whole seconds."""

MOST = RATE * (SAVES + 1)
"""Ratings that a kill may cost; a second more, for a busy machine saves late."""

RULES = ("--time", "arrival", "--window", "1s", "--duplicates", "ids")


def message(number):
    return rating(f"p{number % 10}", id=f"r{number}")


def settled(service):
    """The ledger when nothing more has come for two seconds."""
    told, since = service.ratings, time.monotonic()

    def quiet():
        nonlocal told, since
        if told != (now := service.ratings):
            told, since = now, time.monotonic()
        return time.monotonic() - since > 2

    until(quiet, 120)
    return told


def saved(broker):
    """When it saved last, as the disk has it; 0 where it has not yet."""
    file = broker.folder / "data" / "mosquitto.db"
    return file.stat().st_mtime_ns if file.exists() else 0


def after_a_save(broker, seconds):
    before = saved(broker)
    until(lambda: saved(broker) > before)
    time.sleep(seconds)


def source(broker):
    return "--source", f"mqtt://{HOST}:{broker.kind.port}/ratings"


def verified(folder):
    done = starwatch("verify", "--state", folder / "state")
    assert done.code == 0, done.out + done.err


def test_killed_while_the_service_listens(tmp_path, mosquitto):
    """Nearly nothing: what it had acknowledged was with the service a moment later."""
    kills = 3
    with watched(tmp_path, *source(mosquitto), *RULES) as service:
        with Publisher(mosquitto.kind.port, message, RATE) as publisher:
            until(lambda: service.ratings["counted"] > 0)
            for number in range(kills):
                after_a_save(mosquitto, SAVES / 2)
                mosquitto.kill()
                until(lambda n=number: service.metric_of("source_failures_total", "mqtt") > n)
                mosquitto.start()
                until(lambda: service.metric_of("source_connected", "mqtt") == 1, 60)
        told = settled(service)
        again = service.metric_of("redelivered_ratings_total", "mqtt")
    missing = publisher.acknowledged - told["counted"] - told["late"]
    say(f"acknowledged {publisher.acknowledged}, {told}, missing {missing}, given again {again}")
    assert publisher.acknowledged == publisher.sent > RATE
    assert told["received"] == told["counted"] + told["duplicate"] + told["late"]
    assert 0 <= missing <= kills * MOST
    verified(tmp_path)


def test_killed_while_the_service_is_away(tmp_path, mosquitto):
    """All since the last save: that is when a kill is expensive, and the two counts tell it."""
    with watched(tmp_path, *source(mosquitto), *RULES):
        pass  # the session is there
    with Publisher(mosquitto.kind.port, message, RATE) as publisher:
        after_a_save(mosquitto, 0)
        after_a_save(mosquitto, SAVES / 2)
        mosquitto.kill()
        mosquitto.start()
        before = publisher.acknowledged
        until(lambda: publisher.acknowledged > before + RATE)
    with watched(tmp_path, *source(mosquitto), *RULES) as service:
        until(lambda: service.ratings["counted"] > 0)
        told = settled(service)
    missing = publisher.acknowledged - told["counted"]
    say(f"acknowledged {publisher.acknowledged}, {told}, missing {missing}")
    assert publisher.acknowledged == publisher.sent
    assert told["received"] == told["counted"] + told["duplicate"]
    assert 0 < missing <= MOST
    # as an operator gets the second of the two counts
    said = starwatch("state", "info", "--state", tmp_path / "state", "--json")
    assert json.loads(said.out)["ratings"]["counted"] == told["counted"]
    verified(tmp_path)
