"""`python3 -m servers.reference start` where a pipeline runs already; no server is started here."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

import servers.reference
from servers.errors import ServerError
from servers.processes import Process
from servers.reference import MEMORY, REPLAY, USUAL, WHOLE, Pipeline, main

STAGES = ("mosquitto", "nifi", "kafka", "flink", "taskmanager", "page", "bridge-out", "bridge-in")


@pytest.fixture
def folder(tmp_path):
    """Of a pipeline whose every stage is this process; replay has ended."""
    known = {"ports": USUAL, "data": None, "every": "1s", "duplicates": "ids"}
    (tmp_path / MEMORY).write_text(json.dumps(known))
    (tmp_path / WHOLE).touch()  # else it would be stopped, and this process with it
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
    for words in (
        *(("--every", "2s"), ("--port", "kafka=19092")),
        *(("--data", __file__), ("--duplicates", "content")),
    ):
        assert main(["start", "--folder", str(folder), *words]) == 1
        said = "error: it runs already, and otherwise. Stop it first: make reference-stop\n"
        assert capsys.readouterr() == ("", said)


def test_a_stage_is_killed_by_its_name_and_no_other(folder, capsys):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stage:
        Process.of(stage.pid).save(folder / "nifi" / "process.json")
        assert main(["kill", "nifi", REPLAY, "--folder", str(folder)]) == 0
        assert stage.wait(20) == -signal.SIGKILL
    assert capsys.readouterr().out.splitlines() == [
        "nifi        killed",
        "replay      does not run",
    ]


def test_a_stage_that_there_is_not_is_not_killed(folder, capsys):
    assert main(["kill", "nify", "--folder", str(folder)]) == 1
    assert capsys.readouterr().err.startswith("error: no stage is called nify. There are mosquitto")


def test_one_that_did_not_come_up_whole_is_ended_and_begun_anew(folder, monkeypatch, capsys):
    (folder / WHOLE).unlink()
    for stage in STAGES[1:]:
        (folder / stage / "process.json").unlink()

    def nothing_to_start_with(*_):
        raise ServerError("no servers in this test")

    monkeypatch.setattr(servers.reference, "provide", nothing_to_start_with)
    monkeypatch.setattr(servers.reference, "_once", lambda *_: "")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stage:
        Process.of(stage.pid).save(folder / STAGES[0] / "process.json")
        assert main(["start", "--folder", str(folder)]) == 1
        assert stage.wait(20) == -signal.SIGTERM
    out, err = capsys.readouterr()
    assert (out, err) == ("mosquitto   stopped\n", "error: no servers in this test\n")
    assert not (folder / "nifi").exists()


def test_ctrl_c_is_one_line(folder, monkeypatch, capsys):
    def pressed(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Pipeline, "start", pressed)
    assert main(["start", "--folder", str(folder)]) == 130
    assert capsys.readouterr().err.startswith("interrupted: ")


def test_nothing_of_a_user_is_removed(tmp_path, capsys):
    own = tmp_path / "mine.csv"
    own.touch()
    assert main(["start", "--folder", str(tmp_path)]) == 1
    assert "holds something else" in capsys.readouterr().err
    (tmp_path / MEMORY).write_text(json.dumps({"ports": USUAL, "data": None, "every": "1s"}))
    assert main(["start", "--folder", str(tmp_path), "--data", str(own)]) == 1
    assert "is made anew. Copy it" in capsys.readouterr().err
    assert own.exists()


def test_a_pause_that_cannot_be_is_said_before_anything_starts(folder, capsys):
    with pytest.raises(SystemExit):
        main(["start", "--folder", str(folder), "--every", "abc"])
    assert "500ms" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("kill",), ("stop", "nifi"), ("start", "nifi")])
def test_names_are_for_killing_alone(words, folder, capsys):
    with pytest.raises(SystemExit):
        main([*words, "--folder", str(folder)])
    assert "kill takes the names of stages" in capsys.readouterr().err


def test_both_processes_of_flink_write_their_checkpoints_into_one_folder(tmp_path):
    stages = Pipeline(tmp_path, USUAL).stages
    written = set()
    for name in ("flink", "taskmanager"):
        folder = tmp_path / name
        folder.mkdir()
        stages[name].prepare(folder)
        settings = (folder / "conf" / "config.yaml").read_text()
        written |= set(re.findall(r"^execution\.checkpointing\.dir: .*", settings, re.MULTILINE))
    assert len(written) == 1
