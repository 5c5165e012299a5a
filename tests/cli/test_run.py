"""`starwatch run` as a process: HTTP in, rows out, stops and starts, faults in one line."""

import json
import signal
import socket
from contextlib import contextmanager, suppress
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from commands import interrupted, process, soon, starwatch

ONE = b'{"reviewerID":"A1","productID":"0000143502","rating":5}'
WINDOW = ("--window", "400ms/200ms", "--time", "arrival")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def post(port, body=ONE, path="/ratings"):
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", body), timeout=10) as answer:
        return json.load(answer)


def ready(port):
    with suppress(URLError, ConnectionError), urlopen(f"http://127.0.0.1:{port}/readyz"):
        return True
    return False


@contextmanager
def running(folder, *options, window=WINDOW):
    """The service with its port, once it takes ratings."""
    port = free_port()
    words = ("--source", "none", "--state", folder / "s", "--port", port)
    with process("run", *words, *window, *options) as service:
        soon(lambda: service.poll() is not None or ready(port))
        yield service, port


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_posted_rating_closes_its_windows_and_the_state_proves_it(tmp_path):
    out = tmp_path / "w.jsonl"
    with running(tmp_path, "--sink", f"jsonl:{out}") as (service, port):
        assert post(port)["counted"] == 1
        soon(lambda: out.exists() and len(rows_of(out)) == 2)
        done = interrupted(service, signal.SIGTERM, within=5)
    assert (done.code, [line.split()[2] for line in done.out.splitlines()]) == (
        0,
        ["0000143502"] * 2,
    )
    assert "ratings by POST to http://127.0.0.1:" in done.err
    assert done.err.splitlines()[-1].endswith("stopped: 1 rating in all")
    assert [(row["product"], row["stars"]) for row in rows_of(out)] == [
        ("0000143502", [0, 0, 0, 0, 1])
    ] * 2
    verified = starwatch("verify", "--state", tmp_path / "s", "--against", out)
    assert (verified.code, verified.out.splitlines()[-1]) == (0, "all agree"), verified.err


def test_what_was_answered_survives_a_kill_and_open_windows_wait(tmp_path):
    window = ("--window", "1d", "--time", "arrival")
    with running(tmp_path, window=window) as (service, port):
        assert post(port)["counted"] == 1
        service.kill()
        service.communicate(timeout=20)
    with running(tmp_path, window=window) as (service, port):
        assert post(port)["counted"] == 1
        assert interrupted(service, within=5).code == 0
    ledger = starwatch("ledger", "--state", tmp_path / "s")
    assert ledger.code == 0
    assert "1d/1d: 2 contributions = 0 in closed windows + 2 in open ones + 0 missed" in ledger.out
    assert "http /ratings: 2 = 2 counted" in ledger.out


def test_logs_for_machines_are_one_object_a_line(tmp_path):
    with running(tmp_path, "--log-format", "json") as (service, _):
        done = interrupted(service, signal.SIGTERM, within=5)
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert {line["level"] for line in lines} == {"info"}
    assert lines[-1]["message"] == "stopped: 0 ratings in all"


def test_a_state_of_other_windows_is_refused(tmp_path):
    with running(tmp_path) as (service, _):
        interrupted(service, signal.SIGTERM, within=5)
    with process("run", "--source", "none", "--no-http", "--state", tmp_path / "s") as other:
        out, err = other.communicate(timeout=20)
    assert (other.returncode, out) == (1, "")
    assert err.splitlines()[-1].startswith("error: the state ")
    assert "--again" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", "0.0.0.0", "--port", "0"), "token"),  # noqa: S104 - it is refused
        (("--source", "ftp://h/t"), "ftp"),
        (("--sink", "nowhere://h"), "nowhere"),
        (("--window", "7s/5s"), "multiple"),
        (
            (*("--source", "kafka://h/t", "--time", "arrival"), "--duplicates", "content"),
            "--duplicates ids",
        ),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, options, words):
    source = () if "--source" in options else ("--source", "none")
    with process("run", *source, "--state", tmp_path / "s", *options) as service:
        out, err = service.communicate(timeout=20)
    assert (service.returncode, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert words in err


def test_a_port_that_is_taken_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        words = ("--source", "none", "--state", tmp_path / "s", "--port", port)
        with process("run", *words) as service:
            _, err = service.communicate(timeout=20)
    assert service.returncode == 2
    assert err.startswith(f"error: port {port} on 127.0.0.1 is taken. ")


def test_the_door_of_the_reference_and_its_bounds_are_settings_of_the_service(tmp_path):
    config = tmp_path / "starwatch.toml"
    config.write_text('[http]\npath = "/amazon"\nbody_ratings = 1\nheader_timeout = "200ms"\n')
    with running(tmp_path, "--config", config) as (_, port):
        form = b"reviewerID=A1&productID=0000143502&rating=5.0&dummy=a"
        assert post(port, form, "/amazon")["counted"] == 1
        with pytest.raises(HTTPError, match="413"):
            post(port, ONE + b"\n" + ONE, "/amazon")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as slow:
            slow.sendall(b"POST /amazon HTTP/1.1\r\n")
            assert slow.recv(1) == b""  # it is let go long before the ten seconds of the default
