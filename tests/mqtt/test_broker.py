"""A broker of one's own: Mosquitto as a child that keeps what it has, and ends when we do."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from commands import process, starwatch
from durable.runs import committed
from live.starting import need
from mqtt.serving import publish, rating, serving, subscribed
from servers.ports import HOST, free_port
from service.serving import soon
from starwatch.errors import BadSetting, RunError
from starwatch.service.broker import mosquitto, mosquitto_running, own_broker
from starwatch.service.state import State


@pytest.fixture
def program():
    need("mosquitto")
    return mosquitto()


def answers(port):
    try:
        socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True


def test_what_is_published_while_the_service_is_away_waits_over_a_restart(tmp_path, program):
    port = free_port()
    with State(tmp_path / "state"):
        pass  # a state takes no folder that holds other things before it
    for expected in (0, 1500):
        with mosquitto_running(program, tmp_path / "state", port) as url:
            assert url == f"mqtt://{HOST}:{port}"
            with serving(tmp_path, f"{url}/ratings") as service:
                soon(lambda s=service: subscribed(s))
                soon(lambda n=expected, s=service: s.engine.engine.books().counted == n)
            if not expected:
                publish(port, *(rating() for _ in range(1500)))  # by default it would keep 1,000
        assert not answers(port)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_it_ends_with_us_even_by_a_kill_and_has_saved_everything(tmp_path, program):
    port, state = free_port(), tmp_path / "state"
    state.mkdir()
    code = (
        "import sys, time; from pathlib import Path;"
        "from starwatch.service.broker import mosquitto_running as r\n"
        "with r(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])): time.sleep(60)"
    )
    command = [sys.executable, "-c", code, program, state, str(port)]
    with subprocess.Popen(command, start_new_session=True) as child:
        soon(lambda: answers(port))
        publish(port, rating(), retain=True)
        os.kill(child.pid, signal.SIGKILL)
    soon(lambda: not answers(port))
    saved = state / "broker" / "mosquitto.db"
    soon(lambda: saved.exists() and b"productID" in saved.read_bytes())


def test_a_taken_port_is_refused_before_anything_starts(tmp_path, program):
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(BadSetting, match=rf"port {port} is taken.*leave --broker out"),
            mosquitto_running(program, tmp_path / "state", port),
        ):
            pass
    assert not (tmp_path / "state").exists()


def test_one_that_does_not_come_up_says_why(tmp_path):
    broken = tmp_path / "mosquitto"
    broken.write_text("#!/bin/sh\necho Error: no such thing\nexit 3\n")
    broken.chmod(0o755)
    began = time.monotonic()
    with (
        pytest.raises(RunError, match="did not come up: Error: no such thing"),
        mosquitto_running(str(broken), tmp_path, free_port()),
    ):
        pass
    assert time.monotonic() - began < 5


@pytest.mark.slow
def test_without_mosquitto_one_in_the_process_keeps_sessions_while_it_runs(tmp_path, monkeypatch):
    monkeypatch.setattr("starwatch.service.broker.mosquitto", lambda: None)
    port = free_port()
    with own_broker(tmp_path, port) as (url, told):
        assert "for trying only" in told
        with serving(tmp_path, f"{url}/ratings") as service:
            soon(lambda: subscribed(service))
            publish(port, rating())
            soon(lambda: service.engine.engine.books().counted == 1)
        publish(port, *(rating() for _ in range(20)))
        with serving(tmp_path, f"{url}/ratings") as service:
            soon(lambda: service.engine.engine.books().counted == 21)
    assert not answers(port)


def test_with_mosquitto_that_is_the_one(tmp_path, program):
    assert program
    with own_broker(tmp_path, free_port()) as (_, told):
        assert told == ""
        assert (tmp_path / "broker" / "mosquitto.conf").exists()


def test_without_any_broker_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("starwatch.service.broker.mosquitto", lambda: None)
    monkeypatch.setitem(sys.modules, "starwatch.service.small_broker", None)
    with pytest.raises(BadSetting, match=r"starwatch\[broker\]"), own_broker(tmp_path, free_port()):
        pass


def test_the_command_runs_one_too(tmp_path, program):
    assert program
    port, state = free_port(), tmp_path / "s"
    url = f"mqtt://{HOST}:{port}/ratings"
    line = ("run", "--broker", "--source", url, "--state", state, "--no-http", "--quiet")
    with process(*line, stderr=None) as child:
        soon(lambda: answers(port), 30)
        while committed(state) < 1:
            publish(port, rating())
            time.sleep(0.1)
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 0
    assert not answers(port)


def test_a_broker_elsewhere_needs_none_here(tmp_path):
    line = ("run", "--broker", "--source", "mqtt://elsewhere/t", "--state", tmp_path / "s")
    done = starwatch(*line, "--no-http")
    assert (done.code, "is for a source on loopback" in done.err) == (2, True)
