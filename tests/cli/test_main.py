"""The command itself: help, version, and what it does not know."""

import re

import pytest

from commands import run, starwatch
from starwatch import __version__

COMMANDS = ("demo", "generate", "inspect", "replay", "scenario")


def test_without_arguments_it_says_what_there_is():
    done = starwatch()
    assert done.code == 2
    assert done.out == starwatch("--help").out
    assert done.err == ""


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_every_command_and_imports_none(option):
    done = run(option)
    assert (done.code, done.err) == (0, "")
    assert [f"  {name} " in done.out for name in COMMANDS] == [True] * len(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    done = starwatch(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert f"starwatch {command}" in done.out or "Usage: " in done.out


def test_the_version():
    done = run("--version")
    assert (done.code, done.out, done.err) == (0, f"starwatch, version {__version__}\n", "")


@pytest.mark.parametrize("arguments", [("replya",), ("--verbose",), ("demo", "shop")])
def test_what_it_does_not_know(arguments):
    done = starwatch(*arguments)
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"error: .+ Try `starwatch( \w+)? --help`\n", done.err)
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (("replay", "f.csv", "--state"), " replay"),
        (("--debug", "state", "prune", "--keep"), " state prune"),
        (("nothing", "--state"), ""),
    ],
)
def test_an_option_without_its_value_leads_to_the_help_of_its_command(arguments, command):
    done = starwatch(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(f"Try `starwatch{command} --help`\n")


def test_help_loads_no_heavy_library():
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    script = (
        "import sys; from starwatch.cli.main import cli; cli.main(['--help'], 'starwatch', "
        "standalone_mode=False); "
        "sys.stderr.write(' '.join({'numpy', 'pyarrow', 'rich', 'duckdb', 'pydantic', 'uvicorn', "
        "'starlette'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
