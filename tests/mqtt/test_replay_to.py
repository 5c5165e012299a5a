"""`replay --to mqtt://`: what the reference's script does, acknowledged, over any outage."""

import queue
import re
import signal
import time
from dataclasses import replace
from fractions import Fraction

import pytest

from commands import csv_file, process, starwatch
from mqtt.serving import JOB, publisher, serving, subscribed
from servers.mosquitto import Mosquitto
from servers.ports import HOST, free_port
from service.serving import soon
from starwatch.replay.pace import ByRow, ByTime
from starwatch.service.sending import delay_ms
from starwatch.windows.spec import WindowSpec

ROWS = [f"A{n},000014350{n % 10},{1 + n % 5},{1358380800 + n}" for n in range(100)]


@pytest.fixture
def port(mosquitto):
    return mosquitto.kind.port


@pytest.fixture
def file(tmp_path):
    return csv_file(tmp_path / "ratings.csv", *ROWS[:50], "no rating", *ROWS[50:])


def sent(file, port, *more, options=""):
    url = f"mqtt://{HOST}:{port}/amazon{options}"
    return starwatch("replay", file, "--to", url, "--as-fast-as-possible", *more)


def listening(port, topic="amazon"):
    """A queue of what is published from now on."""
    got, ready = queue.SimpleQueue(), queue.SimpleQueue()
    client = publisher(port)
    listener = client.__enter__()
    listener.on_message = lambda _client, _data, message: got.put((message.qos, message.payload))
    listener.on_subscribe = lambda *_: ready.put(True)
    listener.subscribe(topic, 2)
    ready.get(timeout=10)
    return client, got


@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_what_arrives_is_what_the_reference_sends(port, file, qos, protocol):
    client, got = listening(port)
    done = sent(file, port, options=f"?qos={qos}&protocol={protocol}")
    assert done.code == 0, done.err
    messages = [got.get(timeout=5) for _ in ROWS]
    client.__exit__(None, None, None)
    assert got.empty()
    first = b'"reviewerID": "A0", "productID": "0000143500", "rating": 1, "timestamp": 1358380800'
    assert messages[0] == (qos, b"{" + first + b', "dummy": "a"}')
    reviewers = [re.search(rb'"reviewerID": "(A\d+)"', payload)[1] for _, payload in messages]
    assert reviewers == [b"A%d" % n for n in range(100)]
    last = done.err.splitlines()[-1]
    assert last == (
        f"sent 100 ratings to mqtt://{HOST}:{port}/amazon, 100 acknowledged,"
        " 1 rows are no ratings and were not sent"
    )


def test_at_qos_0_nothing_is_handed_over_before_there_is_a_connection(servers, file):
    later = Mosquitto(port=free_port())
    command = ("replay", file, "--to", f"mqtt://{HOST}:{later.port}/amazon?qos=0")
    with process(*command, "--as-fast-as-possible") as child:
        assert "cannot be reached" in child.stderr.readline()
        servers.start(later)
        client, got = listening(later.port)
        said = child.communicate(timeout=30)[1]
    client.__exit__(None, None, None)
    assert child.returncode == 0
    assert "sent 100 ratings" in said
    assert "100 acknowledged" in said
    assert got.qsize() <= 100


def test_it_keeps_the_pace(port, file):
    client, got = listening(port)
    began = time.monotonic()
    command = ("replay", file, "--to", f"mqtt://{HOST}:{port}/amazon", "--limit", "10")
    done = starwatch(*command, "--every", "100ms", "--window", "100ms")
    took = time.monotonic() - began
    client.__exit__(None, None, None)
    assert (done.code, got.qsize()) == (0, 10)
    assert 0.9 <= took < 4


def test_ctrl_c_ends_it_with_what_was_acknowledged(port, file):
    command = ("replay", file, "--to", f"mqtt://{HOST}:{port}/amazon", "--every", "50ms")
    client, got = listening(port)
    with process(*command, "--window", "1s") as child:
        soon(lambda: got.qsize() >= 3)
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == 130
        last = child.stderr.read().splitlines()[-1]
    client.__exit__(None, None, None)
    number = int(re.match(r"sent (\d+) ratings", last)[1])
    assert 3 <= number < 100
    assert f"{number} acknowledged" in last
    assert got.qsize() == number


@pytest.mark.slow
def test_a_receiver_draws_the_same_windows_as_a_replay(tmp_path, port, file):
    """Rows 300 ms apart, windows of 1200/600 ms: a row lies 150 ms from every boundary."""
    here, there = tmp_path / "here.jsonl", tmp_path / "there.jsonl"
    windows = ("--every", "300ms", "--window", "1200ms/600ms", "--limit", "20")
    done = starwatch("replay", file, *windows, "--as-fast-as-possible", "--output", f"jsonl:{here}")
    assert done.code == 0, done.err
    url = f"mqtt://{HOST}:{port}/amazon"
    job = replace(JOB, windows=(WindowSpec(1200, 600),))
    with serving(tmp_path, url, outputs=[f"jsonl:{there}"], job=job) as service:
        soon(lambda: subscribed(service))
        assert starwatch("replay", file, *windows, "--to", url).code == 0
        soon(lambda: there.exists() and len(rows(there)) == len(rows(here)))
    assert rows(there) == rows(here)


def rows(path):
    """Windows without their times, in order; what is equal wherever a replay begins."""
    return re.findall(r'"product":"(\w+)".*?"stars":(\[[\d,]+\])', path.read_text())


def test_nothing_is_lost_while_the_broker_is_away(tmp_path, port, file, mosquitto):
    with serving(tmp_path, f"mqtt://{HOST}:{port}/amazon") as service:
        soon(lambda: subscribed(service))
        command = ("replay", file, "--to", f"mqtt://{HOST}:{port}/amazon", "--every", "20ms")
        with process(*command, "--window", "100ms") as child:
            soon(lambda: service.engine.engine.books().counted >= 10)
            mosquitto.stop()
            time.sleep(0.5)
            mosquitto.start()
            assert child.wait(30) == 0
            said = child.stderr.read()
        assert "the connection is lost; it is tried again" in said
        assert "the connection was lost (1 times); a broker that was killed then" in said
        assert "100 acknowledged" in said.splitlines()[-1]
        soon(lambda: service.engine.engine.books().counted >= 100)


def test_a_wrong_password_is_one_line(servers, file):
    broker = servers.start(Mosquitto(port=free_port(), users={"edge": "right"}))
    url = f"mqtt://edge:wr0ng@{HOST}:{broker.kind.port}/amazon"
    done = starwatch("replay", file, "--to", url, "--as-fast-as-possible", "--quiet")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert done.err.startswith("error: mqtt://")
    assert "wr0ng" not in done.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--output", "jsonl"), "--output and --to exclude each other"),
        (("--state", "s"), "--state and --to exclude each other"),
        (("--start", "2021-06-01"), "--start and --to exclude each other"),
    ],
)
def test_options_of_windows_drawn_here_are_refused(file, more, said):
    done = starwatch("replay", file, "--to", "mqtt://127.0.0.1:1/t", *more)
    assert done.code == 2
    assert said in done.err


def test_a_topic_for_many_is_none_to_send_to(file):
    for topic in ("", "/a/#", "/a?topic=b"):
        done = starwatch("replay", file, "--to", f"mqtt://127.0.0.1:1{topic}")
        assert (done.code, "one topic without wildcards" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("interval", "windows", "now_ms", "delay"),
    [
        (1000, [(30_000, 5000)], 10_000, 500),
        (1000, [(30_000, 5000)], 10_001, 5499),
        (7000, [(30_000, 5000)], 5000, 500),
        (Fraction(1000, 3), [(30_000, 5000)], 0, 166),
        (1000, [(30_000, 5000), (60_000, 60_000)], 5000, 55_500),
        (1000, [(30_000, 5000, 250)], 5000, 125),
    ],
)
def test_it_begins_half_a_step_behind_a_boundary(interval, windows, now_ms, delay):
    specs = [WindowSpec(*window) for window in windows]
    assert delay_ms(now_ms, ByRow(Fraction(interval)), specs) == delay
    assert delay_ms(now_ms, ByTime(), specs) == 0
