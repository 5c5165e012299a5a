"""What stands in deploy/ calls commands and options that there are."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from starwatch.cli.main import cli

DEPLOY = Path(__file__).parents[2] / "deploy"


def parsed(words):
    """The command line as click reads it; nothing is run."""
    command = cli.get_command(click.Context(cli), words[0])
    return command.make_context(words[0], list(words[1:])).params


def unit():
    lines = (DEPLOY / "starwatch.service").read_text().splitlines()
    return [line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")]


def test_the_unit_starts_a_service_that_can_be():
    (command,) = (value for key, value in unit() if key == "ExecStart")
    program, *words = shlex.split(command)
    assert Path(program).name == "starwatch"
    given = parsed(words)
    assert given["state"] == "/var/lib/starwatch"
    assert given["log_format"] == "json"


def test_the_unit_comes_back_however_often_the_service_failed():
    given = dict(unit())
    assert given["Restart"] == "on-failure"
    assert given["StartLimitIntervalSec"] == "0"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_systemd_finds_nothing_wrong_with_the_unit():
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", DEPLOY / "starwatch.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line for line in done.stderr.splitlines() if "starwatch.service" in line]
    assert [line for line in told if "not executable" not in line] == []


def test_the_container_starts_a_service_that_can_be():
    text = (DEPLOY / "Containerfile").read_text()
    (command,) = (line[4:] for line in text.splitlines() if line.startswith("CMD ["))
    given = parsed(json.loads(command))
    assert (given["host"], given["state"]) == ("0.0.0.0", "/state")  # noqa: S104 - what it says
    for line in text.splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for name in line.split()[1:-1]:
                assert (DEPLOY.parent / name).exists(), name
