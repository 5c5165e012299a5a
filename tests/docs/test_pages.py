"""Links lead somewhere, and what the README tells a newcomer to type does what it says."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from starwatch.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page):
    """The anchors of a page's headings, as a repository's pages make them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


def lines(language):
    """The lines of all fences of one language in the README, continued ones joined."""
    bodies = [body for fence, body in FENCE.findall(README) if fence == language]
    return [line for body in bodies for line in body.replace("\\\n", " ").splitlines()]


def examples():
    """Each `$ command` of the README's fences with the output that stands below it."""
    for _, body in FENCE.findall(README):
        for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output.rstrip("\n") + "\n" if output.strip() else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    broken = []
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_command_that_the_readme_names_exists():
    typed = [line.removeprefix("$ ").split("#")[0].strip() for line in lines("sh")]
    targets = re.findall(
        r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    words = [shlex.split(line) for line in typed if line]
    for first, *rest in words:
        if first == "make":
            assert set(rest) <= set(targets), rest
        if first == "starwatch":
            assert rest[0] in cli.list_commands(None) or rest[0].startswith("-"), rest
    assert {"demo", "test"} <= {rest[0] for first, *rest in words if first == "make"}


def test_the_examples_of_the_readme_print_what_it_shows(tmp_path):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shown = list(examples())
    assert shown
    for command, expected in shown:
        run = subprocess.run(
            shlex.split(command),
            cwd=tmp_path,
            env=os.environ | {"PATH": path, "COLUMNS": "100", "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        got = run.stdout
        assert run.returncode == 0, f"$ {command}\n{got}"
        if expected:
            assert doctest.OutputChecker().check_output(expected, got, doctest.ELLIPSIS), (
                f"$ {command}\n{got}"
            )
    rows = (tmp_path / "windows.jsonl").read_text(encoding="utf-8").splitlines()
    assert set(lines("json")) <= set(rows)
    assert lines("json")
