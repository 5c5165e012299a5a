"""Killed with -9 at the worst moments, a service has each rating once; and so if the broker is."""

import json
import os
import signal
import sys
import time

import pytest

from commands import process, starwatch
from durable.runs import committed
from mqtt.serving import publish, publisher, rating, serving, subscribed
from servers.ports import HOST
from service.serving import soon

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")

RUN = ("--no-http", "--quiet", "--time", "arrival", "--window", "1s", "--duplicates", "ids")
AROUND_A_COMMIT = ("commit.before", "commit.inside", "commit.after", "ack.before", "ack.after")


_ANSWERS = 8
"""Bytes of CONNACK and SUBACK are more."""


class Runs:
    """Runs of the command on one state, one after the other."""

    def __init__(self, folder, proxy, options=""):
        self.state = folder / "state"
        self._proxy = proxy
        url = f"mqtt://{HOST}:{proxy.port}/ratings{options}"
        self._line = ("run", "--source", url, "--state", self.state, *RUN)

    def one(self, failpoint=""):
        # What it says would fill a pipe that nobody reads.
        env = os.environ | {"STARWATCH_FAILPOINT": failpoint}
        return process(*self._line, env=env, stderr=None)

    @property
    def committed(self):
        return committed(self.state)

    def drained(self, expected):
        """Run on until all is committed, and stop as a user does."""
        before = self._proxy.forwarded["to_client"]

        def answered():
            return self._proxy.forwarded["to_client"] > before + _ANSWERS

        with self.one() as child:
            for there in (answered, lambda: self.committed >= expected):
                soon(lambda c=there: c() or child.poll() is not None, 50)
            time.sleep(0.5)  # for what would come once more, or for the subscription
            child.send_signal(signal.SIGTERM)
            assert child.wait(20) == 0
        if not expected:
            return None
        said = starwatch("state", "info", "--state", self.state, "--json")
        assert said.code == 0, said.err
        return json.loads(said.out)["ratings"]


def each_once(books, number):
    told = {name: books[name] for name in ("received", "counted", "duplicate", "rejected")}
    return told == {"received": number, "counted": number, "duplicate": 0, "rejected": 0}


def numbered(numbers):
    return [rating(id=f"r{number}") for number in numbers]


@pytest.mark.slow
@pytest.mark.parametrize("qos", [1, 2])
@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_killed_around_a_commit_it_counts_each_rating_once(
    tmp_path, mosquitto, proxy_to, qos, protocol
):
    sent = 0
    runs = Runs(tmp_path, proxy_to(mosquitto.kind.port), f"?qos={qos}&protocol={protocol}")
    runs.drained(0)  # the session is there
    for failpoint in AROUND_A_COMMIT:
        publish(mosquitto.kind.port, *numbered(range(sent, sent + 60)), qos=qos)
        sent += 60
        # the first commit is of the start, before anything came
        late = 2 if failpoint.startswith("commit") else 1
        with runs.one(f"{failpoint}:{late}") as child:
            assert child.wait(30) == -signal.SIGKILL
    assert each_once(runs.drained(sent), sent)


def killed_on_the_way(tmp_path, proxy, number, kills, *, qos=1):
    """Publish all the while, in as many parts as there are kills, and kill within each."""
    runs = Runs(tmp_path, proxy, f"?qos={qos}")
    runs.drained(0)
    part = number // kills
    with publisher(proxy.target) as client:
        sent = []
        for first in range(0, number, part):
            payloads = numbered(range(first, first + part))
            sent += [client.publish("ratings", payload, qos) for payload in payloads]
            with runs.one() as child:
                soon(lambda first=first: runs.committed >= first + part // 5, 50)
                child.kill()
                assert child.wait(10) == -signal.SIGKILL
        for each in sent:
            each.wait_for_publish(60)
            assert each.is_published()
    return runs.drained(number)


@pytest.mark.slow
@pytest.mark.parametrize("qos", [1, 2])
def test_ten_thousand_ratings_and_four_kills(tmp_path, mosquitto, proxy_to, qos):
    proxy = proxy_to(mosquitto.kind.port)
    assert each_once(killed_on_the_way(tmp_path, proxy, 10_000, 4, qos=qos), 10_000)


@pytest.mark.slow
def test_a_hundred_thousand_ratings_and_ten_kills(tmp_path, mosquitto, proxy_to):
    proxy = proxy_to(mosquitto.kind.port)
    assert each_once(killed_on_the_way(tmp_path, proxy, 100_000, 10), 100_000)


def books_of(service):
    return service.engine.engine.books()


@pytest.mark.slow
def test_a_broker_that_is_killed_and_comes_again(tmp_path, mosquitto):
    port = mosquitto.kind.port
    with serving(tmp_path, f"mqtt://{HOST}:{port}/ratings") as service:
        soon(lambda: subscribed(service))
        publish(port, *numbered(range(500)))
        soon(lambda: books_of(service).counted == 500)
        time.sleep(2.2)  # an autosave interval of its, and some
        mosquitto.kill()
        soon(lambda: service.sources[0].health.state == "broken")
        assert not subscribed(service)
        mosquitto.start()
        soon(lambda: subscribed(service), 30)
        publish(port, *numbered(range(500, 1000)))
        soon(lambda: books_of(service).received >= 1000)
        time.sleep(0.5)
        books = books_of(service)
        assert (books.counted, books.duplicate) == (1000, 0)


def test_a_broker_that_lost_the_session_is_begun_with_anew(tmp_path, mosquitto, caplog):
    port = mosquitto.kind.port
    url = f"mqtt://{HOST}:{port}/ratings"
    with serving(tmp_path, url) as service:
        soon(lambda: subscribed(service))
        publish(port, *[rating()] * 30)  # the same bytes, so a packet id is all that differs
        soon(lambda: books_of(service).counted == 30)
        mosquitto.stop()
        (mosquitto.folder / "data" / "mosquitto.db").unlink()
        mosquitto.start()
        soon(lambda: service.sources[0].health.state == "running" and subscribed(service), 30)
        publish(port, *[rating()] * 30)
        soon(lambda: books_of(service).counted == 60)
    assert service.sources[0].door.redeliveries == 0
    (told,) = [r for r in caplog.records if "has lost the session" in r.getMessage()]
    assert told.levelname == "ERROR"


@pytest.mark.parametrize("ways", [(), ("to_client",), ("to_server",)])
def test_a_network_that_stops_forwarding(tmp_path, mosquitto, proxy_to, ways):
    proxy = proxy_to(mosquitto.kind.port)
    with serving(tmp_path, f"mqtt://{HOST}:{proxy.port}/ratings?keepalive=1") as service:
        soon(lambda: subscribed(service))
        publish(mosquitto.kind.port, *numbered(range(100)))
        soon(lambda: books_of(service).counted == 100)
        proxy.pause(*ways)
        publish(mosquitto.kind.port, *numbered(range(100, 200)))
        soon(lambda: "lost" in service.sources[0].health.error)
        proxy.cut()
        proxy.resume()
        soon(lambda: books_of(service).counted == 200, 30)
        assert books_of(service).duplicate == 0


def test_what_was_committed_while_the_connection_was_lost_is_not_counted_again(
    tmp_path, mosquitto, proxy_to
):
    proxy = proxy_to(mosquitto.kind.port)
    with serving(tmp_path, f"mqtt://{HOST}:{proxy.port}/ratings") as service:
        soon(lambda: subscribed(service))
        proxy.pause("to_server")  # acknowledgements do not arrive
        publish(mosquitto.kind.port, *numbered(range(100)))
        soon(lambda: books_of(service).counted == 100)
        proxy.cut()
        proxy.resume()
        soon(lambda: service.sources[0].door.redeliveries == 100, 30)
        publish(mosquitto.kind.port, rating(id="last"))
        soon(lambda: books_of(service).counted == 101)
        assert books_of(service).duplicate == 0


def test_what_waits_for_its_commit_when_the_connection_is_lost_is_counted_once(
    tmp_path, mosquitto, proxy_to
):
    proxy = proxy_to(mosquitto.kind.port)
    with serving(tmp_path, f"mqtt://{HOST}:{proxy.port}/ratings") as service:
        soon(lambda: subscribed(service))
        with service.operating.lock:
            publish(mosquitto.kind.port, *numbered(range(50)))
            soon(lambda: service.inbox.ratings or proxy.forwarded["to_client"] > 3000)
            time.sleep(0.2)
            proxy.cut()
            soon(lambda: service.sources[0].door.redeliveries == 50, 30)
            time.sleep(0.2)
            proxy.cut()  # none of them was acknowledged meanwhile: all come once more
            soon(lambda: service.sources[0].door.redeliveries == 100, 30)
        soon(lambda: books_of(service).counted == 50)
        publish(mosquitto.kind.port, rating(id="last"))
        soon(lambda: books_of(service).counted == 51)
        assert books_of(service).duplicate == 0
    # all were acknowledged on the last connection: the broker has nothing left
    with serving(tmp_path, f"mqtt://{HOST}:{proxy.port}/ratings") as service:
        soon(lambda: subscribed(service))
        publish(mosquitto.kind.port, rating(id="end"))
        soon(lambda: books_of(service).counted == 52)
        assert service.sources[0].door.redeliveries == 0
