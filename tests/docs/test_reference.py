"""What the code offers stands in the docs, and the docs promise nothing else."""

import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from starwatch import errors
from starwatch.cli.main import cli
from starwatch.ratings.rejects import Reason
from starwatch.settings.sources import JobSettings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def table(page, heading):
    """The rows of the first table below a heading, as lists of cells."""
    text = (DOCS / page).read_text(encoding="utf-8")
    section = text.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def tree(error):
    """An error and everything below it."""
    yield error
    for child in error.__subclasses__():
        if child.__module__.startswith("starwatch."):
            yield from tree(child)


def test_the_command_reference_is_current(tmp_path):
    # In a process of its own: click keeps a command's help option as its first caller wanted it.
    made = tmp_path / "cli.md"
    subprocess.run([sys.executable, DOCS / "make_cli.py", made], check=True)
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == made.read_text(encoding="utf-8"), (
        "run `make docs`"
    )


def test_every_command_and_option_tells_what_it_is_for():
    walk = runpy.run_path(str(DOCS / "make_cli.py"))["commands"]
    for ctx in walk(cli, click.Context(cli)):
        assert ctx.command.help, ctx.command_path
        for option in ctx.command.params:
            if option.param_type_name == "option" and not option.hidden:
                assert option.help, (ctx.command_path, option.name)


def test_the_tables_of_errors_hold_every_error():
    said = {(row[0].strip("`"), int(row[1])) for row in table("errors.md", "## Codes")}
    assert said == {(error.code, error.exit_code) for error in tree(errors.StarwatchError)}


def test_the_table_of_rejects_holds_every_reason():
    assert {row[0].strip("`") for row in table("errors.md", "## Rejects")} == set(Reason)


def test_the_table_of_settings_holds_every_setting():
    assert {row[0].strip("`") for row in table("settings.md", "## Keys")} == set(
        JobSettings.model_fields
    )


@pytest.mark.parametrize(
    ("group", "name"),
    [(g, n) for g, points in PROJECT.get("entry-points", {}).items() for n in points],
)
def test_every_entry_point_stands_in_the_docs(group, name):
    pages = [page for page in DOCS.glob("*.md") if page.name != "cli.md"]
    assert any(f"`{name}`" in page.read_text(encoding="utf-8") for page in pages), (group, name)


def test_the_newest_version_stands_in_the_changelog():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(PROJECT['version'])}\]", changes, re.MULTILINE)
