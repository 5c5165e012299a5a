"""`starwatch serve` as a process: one line, the page, beside a run, a quiet end."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from commands import soon, starwatch
from http_door.served import ONE

PROGRAM = Path(sys.executable).with_name("starwatch")


@contextmanager
def process(*arguments, env=None):
    running = subprocess.Popen(
        [PROGRAM, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | (env or {}),
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def api(url, name):
    with urlopen(f"{url}api/v1/{name}", timeout=20) as answer:
        return json.load(answer)


def test_one_line_then_the_page_and_a_quiet_end(first_252):
    before = {path: path.stat().st_mtime_ns for path in first_252.rglob("*.parquet")}
    with process("serve", "--state", first_252, "--port", "0") as running:
        line = running.stdout.readline()
        url = line.split()[-1]
        assert line == f"the page of {first_252} is at {url}\n"
        with urlopen(url, timeout=20) as answer:
            assert b"252 ratings came" in answer.read()
        tab = urlopen(f"{url}api/v1/stream", timeout=20)
        assert tab.readline()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=15)
        tab.close()
        assert (out, err, running.returncode) == ("", "", 0)
    assert before == {path: path.stat().st_mtime_ns for path in first_252.rglob("*.parquet")}


def test_a_state_is_shown_beside_the_run_that_writes_it_and_over_its_restart(tmp_path):
    state = tmp_path / "s"
    line = ["run", "--state", state, "--source", "none", "--port"]
    with process(*line, "0", "--log-format", "json", "--window", "1s/500ms") as running:
        url = _page_of(running)
        _post(url)
        with process("serve", "--state", state, "--port", "0") as beside:
            shown = beside.stdout.readline().split()[-1]
            assert api(shown, "status")["running"]
            for at in range(2, 4):
                _post(url, str(at))
                soon(lambda at=at: api(shown, "status")["books"]["counted"] == at)
            soon(lambda: api(url, "status")["books"]["counted"] == 3)
            shapes = [api(each, "products")["rows"]["all_stars"] for each in (shown, url)]
            assert shapes == [[[0, 0, 0, 0, 3]]] * 2
            running.send_signal(signal.SIGTERM)
            running.communicate(timeout=20)
            soon(lambda: not api(shown, "status")["running"])
            with process(*line, "0", "--log-format", "json", "--window", "1s/500ms") as again:
                url = _page_of(again)
                _post(url, "4")
                soon(lambda: api(shown, "status")["books"]["counted"] == 4)


def test_a_history_that_is_broken_costs_the_page_and_not_the_job(tmp_path):
    state = tmp_path / "s"
    line = ["run", "--state", state, "--source", "none", "--port", "0", "--log-format", "json"]
    line += ["--window", "1s/500ms", "--snapshot-seconds", "0.2", "--seal-ratings", "1"]
    with process(*line) as running:
        url = _page_of(running)
        for at in range(30):
            _post(url, str(at))
            if list((state / "history").rglob("*.parquet")):
                break
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)
    for file in (state / "history").rglob("*.parquet"):
        file.write_bytes(b"broken")
    with process(*line) as running:
        told = [json.loads(running.stderr.readline()) for _ in range(3)]
        assert any("there is no page" in each["message"] for each in told), told
        url = next(each["message"] for each in told if "POST to" in each["message"]).split()[-1]
        _post(url.removesuffix("ratings"), "2")


def _page_of(running):
    while line := running.stderr.readline():
        if "the page is at" in line:
            return json.loads(line)["message"].split()[-1]
    raise AssertionError("it ended")


def _post(url, reviewer="1"):
    body = json.dumps(ONE | {"reviewerID": reviewer})
    done = subprocess.run(
        ["curl", "-sS", "--retry", "5", "--retry-all-errors", "-d", body, f"{url}ratings"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["counted"] == 1, done.stdout


def _broken(folder):
    folder.mkdir()
    (folder / "starwatch.db").write_bytes(b"x" * 5000)


@pytest.mark.parametrize(
    ("prepare", "code", "why"),
    [
        (lambda folder: None, 2, "there is no state"),  # noqa: ARG005
        (lambda folder: folder.mkdir(), 2, "there is no state"),
        (
            lambda folder: (folder.mkdir(), (folder / "starwatch.db").write_bytes(b"x" * 5000)),
            1,
            "",
        ),
    ],
)
def test_what_is_no_state_is_told_in_one_line(tmp_path, prepare, code, why):
    folder = tmp_path / "s"
    prepare(folder)
    done = starwatch("serve", "--state", folder, "--port", "0")
    assert done.code == code
    assert done.err.startswith("error: ")
    assert why in done.err
    assert done.err.count("\n") == 1


def test_beyond_loopback_a_token_is_needed(first_252):
    done = starwatch("serve", "--state", first_252, "--host", "0.0.0.0", "--port", "0")  # noqa: S104
    assert done.code == 2
    assert "there is no token" in done.err


def test_a_state_that_may_only_be_read_is_shown(first_252, tmp_path):
    state = tmp_path / "s"
    shutil.copytree(first_252, state)
    for path in [state, *state.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        with process("serve", "--state", state, "--port", "0") as running:
            url = running.stdout.readline().split()[-1]
            assert api(url, "status")["books"]["counted"] == 252
    finally:
        for path in [state, *state.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
