"""Where PyFlink is looked for, and what a user is told where it is not."""

import re
import sys
from pathlib import Path

import pytest

from starwatch.errors import MissingInput, StarwatchError
from starwatch.flink import environment, submit
from starwatch.flink.environment import CACHE, PACKAGES, flink_python
from starwatch.flink.job import FlinkJob
from starwatch.flink.rest import Cluster

ROOT = Path(__file__).parents[2]


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A folder that is no clone, and a package that lies in none."""
    monkeypatch.delenv("STARWATCH_FLINK_PYTHON", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "a" / "b" / "c" / "d.py"))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    return tmp_path


def program(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.usefixtures("nowhere")
def test_without_pyflink_the_command_that_makes_it_is_told():
    with pytest.raises(MissingInput) as told:
        flink_python()
    assert "flink-python/bin/pip install --no-deps apache-flink==2.3.0 " in str(told.value)
    assert "make servers-install ONLY=flink" in str(told.value)
    assert "\n" not in str(told.value)


def test_the_command_installs_what_the_servers_do():
    lines = (ROOT / "servers/flink/requirements.in").read_text().splitlines()
    assert sorted(PACKAGES) == sorted(line for line in lines if not line.startswith("#"))


def test_the_one_in_a_clone_is_found_and_the_one_named_wins(nowhere, monkeypatch):
    cached = program(nowhere / CACHE)
    assert flink_python() == str(cached)
    named = program(nowhere / "other")
    monkeypatch.setenv("STARWATCH_FLINK_PYTHON", str(named))
    assert flink_python() == str(named)
    monkeypatch.setenv("STARWATCH_FLINK_PYTHON", "no-such-python")
    with pytest.raises(MissingInput, match="STARWATCH_FLINK_PYTHON is no-such-python, and no prog"):
        flink_python()


def test_the_name_of_the_interpreter_is_no_unknown_setting(monkeypatch):
    from starwatch.settings.sources import read_all  # noqa: PLC0415 - imports pydantic

    monkeypatch.setenv("STARWATCH_FLINK_PYTHON", "python3")
    assert read_all(None).source == []


def test_without_java_it_says_so(nowhere, monkeypatch):
    program(nowhere / CACHE)
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(nowhere))
    with pytest.raises(MissingInput, match="PyFlink needs Java, and none is on the PATH"):
        flink_python()


@pytest.mark.parametrize(
    ("python", "told"),
    [
        (None, r"python\S* cannot import PyFlink: No module named 'pyflink'\. Make one, with "),
        ("echo 'Traceback' >&2; echo 'Killed' >&2; exit 9", r"PyFlink \(.*\) failed: Killed$"),
    ],
)
def test_an_interpreter_without_pyflink_is_told_in_one_line(nowhere, monkeypatch, python, told):
    named = sys.executable if python is None else str(program(nowhere / "broken", python))
    monkeypatch.setenv("STARWATCH_FLINK_PYTHON", named)
    monkeypatch.setattr(Cluster, "jobs", lambda _: [])
    job = FlinkJob("shop", {}, ("CREATE TABLE a (v STRING)", "INSERT INTO a SELECT 'x'"))
    with pytest.raises(StarwatchError) as failed:
        submit.submit(job, Cluster())
    assert re.search(told, str(failed.value))
    assert "\n" not in str(failed.value)
