"""`python -m servers` as a developer types it; and a server's process is never mistaken."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from live.starting import need
from servers.errors import Missing, ServerError
from servers.kafka import jars
from servers.kinds import provide
from servers.ports import HOST, free_port, listens
from servers.processes import Process, wait
from servers.redis import Redis
from servers.server import Server

ROOT = Path(__file__).parents[2]


@pytest.fixture
def told(tmp_path):
    """Runs `python -m servers` on a folder of the test; whatever it started is stopped."""

    def run(command: str, *words: str) -> subprocess.CompletedProcess:
        line = [sys.executable, "-m", "servers", command, "--folder", tmp_path, *words]
        return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)

    need("redis", "mosquitto")
    yield run
    assert run("stop").returncode == 0


def test_start_status_stop(told, tmp_path):
    ports = {"redis": free_port(), "mosquitto": free_port()}
    given = [f"--port={name}={port}" for name, port in ports.items()]
    started = told("start", *ports, *given)
    assert started.returncode == 0, started
    for name, port in ports.items():
        [line] = [line for line in started.stdout.splitlines() if line.startswith(name)]
        assert f"{HOST}:{port}" in line
        assert " s " in line
        assert listens(port)
    pid = json.loads((tmp_path / "redis" / "process.json").read_text())["pid"]

    again = told("start", *ports)
    assert again.stdout.count("was running") == 2
    assert json.loads((tmp_path / "redis" / "process.json").read_text())["pid"] == pid
    shown = told("status", *ports)
    assert shown.returncode == 0
    assert f"redis://{HOST}:{ports['redis']}/0 (process {pid})" in shown.stdout

    stopped = told("stop", *ports)
    assert stopped.stdout.count("stopped") == 2
    assert not any(listens(port) for port in ports.values())
    shown = told("status", *ports)
    assert (shown.returncode, shown.stdout.count("not running")) == (1, 2)


def test_postgresql_in_a_folder_that_only_its_owner_may_enter(told, tmp_path):
    need("postgresql")
    (tmp_path / "private").mkdir(mode=0o700)
    folder = ("--folder", tmp_path / "private" / "servers")
    port = free_port()
    address = f"postgresql://starwatch:starwatch@{HOST}:{port}/starwatch"
    try:
        for _ in range(2):
            started = told("start", "postgresql", f"--port=postgresql={port}", *folder)
            assert started.returncode == 0, started
            with psycopg.connect(address) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS windows AS SELECT 7 AS revision")
                assert connection.execute("SELECT * FROM windows").fetchall() == [(7,)]
            assert "stopped" in told("stop", "postgresql", *folder).stdout
    finally:
        told("stop", "postgresql", *folder)
        for elsewhere in tmp_path.glob("private/servers/postgresql/elsewhere"):
            shutil.rmtree(elsewhere.read_text())


def test_a_port_that_is_taken(told, servers):
    other = servers.start(Redis(port=free_port()))
    port = other.kind.port
    refused = told("start", "redis", f"--port=redis={port}")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: redis: something else listens on {HOST}:{port}. ")
    assert other.running


def test_a_running_server_does_not_move(told):
    port = free_port()
    assert told("start", "redis", f"--port=redis={port}").returncode == 0
    refused = told("start", "redis", f"--port=redis={free_port()}")
    assert (refused.returncode, refused.stderr) == (
        1,
        f"error: redis runs on port {port}. Stop it first: make servers-stop ONLY=redis\n",
    )
    assert listens(port)


@pytest.mark.parametrize("words", [("redos",), ("redis", "--port=redis=0"), ("--port=x=1",)])
def test_words_that_make_no_sense(told, words):
    refused = told("start", *words)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr


def test_a_server_that_does_not_come_up_shows_the_end_of_its_log(servers):
    with pytest.raises(ServerError, match=r"redis ended; the end of its log:\n(.*\n)*.*nonsense"):
        servers.start(Redis(port=free_port(), settings={"nonsense": "yes"}))


def test_a_server_that_does_not_answer_is_stopped(tmp_path):
    class Mute(Redis):
        def answers(self) -> bool:
            return False

    need("redis")
    server = Server(Mute(port=free_port()), tmp_path)
    with pytest.raises(
        ServerError, match=r"redis did not answer within 0\.3 s; the end of its log"
    ):
        server.start(seconds=0.3)
    assert not server.running
    assert not listens(server.kind.port)


def test_a_frozen_server_holds_its_answer(servers):
    server = servers.start(Redis(port=free_port()))
    server.freeze()
    with socket.create_connection((HOST, server.kind.port), timeout=0.2) as stream:
        stream.sendall(b"PING\r\n")
        with pytest.raises(TimeoutError):
            stream.recv(7)
        server.thaw()
        stream.settimeout(5)
        assert stream.recv(7) == b"+PONG\r\n"
    server.freeze()
    assert server.stop()


def test_a_process_of_the_same_id_is_not_ours(tmp_path):
    """An id is given out again: a stranger that has it now must live."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        Process(stranger.pid, "long ago").save(tmp_path / "process.json")
        server = Server(Redis(port=free_port()), tmp_path)
        assert not server.running
        assert server.stop() is False
        assert stranger.poll() is None
        stranger.communicate(b"\n")
    assert stranger.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_server_of_a_test_dies_with_the_process_of_the_tests(tmp_path):
    need("redis")
    kind = Redis(port=free_port())
    script = (
        "import os, pathlib, signal\n"
        "from servers.server import Server; from servers.redis import Redis\n"
        f"Server(Redis(port={kind.port}), pathlib.Path({str(tmp_path)!r}), tied=True).start()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert run.returncode == -signal.SIGKILL
    assert wait(lambda: not Server(kind, tmp_path).running, 5)


def test_what_is_missing_is_a_skip_here_and_a_failure_in_ci(monkeypatch):
    def missing(*_: str) -> None:
        raise Missing("redis-server is not on this machine. Install it")

    monkeypatch.setattr("live.starting.provide", missing)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="redis-server is not on this machine"):
        need("redis")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI leaves out nothing"):
        need("redis")


@pytest.mark.slow
def test_a_killed_taskmanager_of_flink_is_started_alone(tmp_path):
    need("flink")
    line = [sys.executable, "-m", "servers"]
    named = ["flink", "--folder", tmp_path]

    def told(command: str, *words: str) -> str:
        run = subprocess.run(
            [*line, command, *named, *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run
        return run.stdout

    def pids() -> list[int]:
        records = [tmp_path / name / "process.json" for name in ("flink", "taskmanager")]
        return [json.loads(record.read_text())["pid"] for record in records]

    first, _, third = [port := free_port(), port + 1, port + 2]
    try:
        assert f"http://{HOST}:{first}" in told("start", f"--port=flink={first}")
        master, worker = pids()
        os.kill(worker, signal.SIGKILL)
        again = told("start")
        assert re.search(r"^flink .* was running", again, re.MULTILINE), again
        assert re.search(rf"^taskmanager +{HOST}:{third} +\d+\.\d s", again, re.MULTILINE), again
        assert pids()[0] == master
        assert pids()[1] != worker
    finally:
        told("stop")
    assert not listens(first)
    assert not listens(third)


def test_a_missing_program_without_root_says_what_to_do(monkeypatch):
    monkeypatch.setattr("servers.programs.find", lambda _: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Missing, match=r"redis-server is not on this machine\. Run `make servers"):
        provide("redis")


def test_a_jar_that_is_not_the_one_pinned_is_refused(monkeypatch, tmp_path):
    pinned = (line.split() for line in (jars.HERE / "SHA256SUMS").read_text().splitlines())
    names = [name for _, name in pinned]

    def other(_: Path, folder: Path) -> None:
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).write_bytes(b"other")

    monkeypatch.setattr(jars, "ROOT", tmp_path)
    monkeypatch.setattr("servers.maven.download", other)
    with pytest.raises(
        ServerError, match=r"jars that are not those in kafka/SHA256SUMS: .*kafka_2"
    ):
        jars.fetch()
    with pytest.raises(Missing):
        jars.jars()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of threads this way")
def test_a_process_lives_as_long_as_any_of_its_threads():
    """Killed ones are like that for a moment, and still hold their ports."""
    script = (
        "import ctypes, os, threading\n"
        "threading.Thread(target=lambda: (os.read(0, 1), os._exit(0))).start()\n"
        "ctypes.CDLL(None).pthread_exit(None)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as child:
        stat = Path(f"/proc/{child.pid}/stat")
        assert wait(lambda: stat.read_text().rpartition(")")[2].split()[0] == "Z", 10)
        process = Process.of(child.pid)
        assert process.alive
        child.stdin.write(b"\n")
        child.stdin.close()
        assert wait(lambda: not process.alive, 10)
