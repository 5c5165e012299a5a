"""`python3 -m servers.reference start` where a pipeline runs already; no server is started here."""

import json
import os

import pytest

from servers.processes import Process
from servers.reference import MEMORY, REPLAY, USUAL, main

STAGES = ("mosquitto", "nifi", "kafka", "flink", "taskmanager", "page", "bridge-out", "bridge-in")


@pytest.fixture
def folder(tmp_path):
    """Of a pipeline whose every stage is this process; replay has ended."""
    known = {"ports": USUAL, "data": None, "every": "1s"}
    (tmp_path / MEMORY).write_text(json.dumps(known))
    for stage in STAGES:
        (tmp_path / stage).mkdir()
        Process.of(os.getpid()).save(tmp_path / stage / "process.json")
    (tmp_path / REPLAY).mkdir()
    Process(os.getpid(), "long ago").save(tmp_path / REPLAY / "process.json")
    return tmp_path


def test_one_that_runs_whole_is_left_alone_and_no_rating_is_replayed_again(folder, capsys):
    assert main(["start", "--folder", str(folder)]) == 1
    said = "error: it runs already. Stop it first: make reference-stop\n"
    assert capsys.readouterr() == ("", said)


def test_one_that_was_started_otherwise_is_left_alone(folder, capsys):
    (folder / "nifi" / "process.json").unlink()
    for words in (("--every", "2s"), ("--port", "kafka=19092"), ("--data", __file__)):
        assert main(["start", "--folder", str(folder), *words]) == 1
        said = "error: it runs already, and otherwise. Stop it first: make reference-stop\n"
        assert capsys.readouterr() == ("", said)
