"""What the lesson tells to type exists, and its numbers are those of its file."""

import csv
import re
import shlex
from fractions import Fraction
from pathlib import Path

import click
import pytest

from commands import starwatch
from servers.reference import USUAL, Pipeline
from starwatch.cli.main import cli

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FILE = DOCS / "examples" / "six-windows.csv"
LESSON = ("reference.md", "reference-broken.md")
FENCE = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?<![\w./-])starwatch ([a-z][^|;&}]*)")
PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md")])

PRODUCT = "0000000042"


def lines(page):
    """What a page tells to type, a command a line, without comments."""
    for body in FENCE.findall(page.read_text(encoding="utf-8")):
        for line in body.replace("\\\n", " ").splitlines():
            yield re.split(r"(?:^|\s)#(?:\s|$)", line)[0].strip()


def meant(words):
    """The command that these words are for, and the words that are its own."""
    command, context = cli, click.Context(cli)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name, *words = words
        command = command.get_command(context, name)
        assert command is not None, f"there is no command {name}"
    return command, words


def text(name):
    return (DOCS / name).read_text(encoding="utf-8")


def of_product(rows):
    return [row for row in rows.splitlines() if row.startswith(f"30s/5s,{PRODUCT},")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_tells_to_type_exists(page):
    for typed in (words for line in lines(page) for words in COMMAND.findall(line)):
        command, words = meant(shlex.split(typed))
        known = {"-h", "--help"} | {
            name for option in command.params for name in (*option.opts, *option.secondary_opts)
        }
        given = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert given <= known, typed


def test_every_target_stage_and_file_of_the_lesson_exists(tmp_path):
    targets = re.findall(
        r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    stages = Pipeline(tmp_path, USUAL).stages
    killed = []
    for line in (line for name in LESSON for line in lines(DOCS / name)):
        if line.startswith("make "):
            target, *rest = line.split()[1:]
            assert target in targets, line
            killed += [
                stage for key, _, stage in (word.partition("=") for word in rest) if key == "ONLY"
            ]
        for path in re.findall(r"docs/[\w./-]+", line):
            assert (ROOT / path).exists(), line
    rows = re.findall(r"^\| `([a-z-]+)` \| ", text("reference-broken.md"), re.MULTILINE)
    assert {"nifi", "taskmanager", "page"} <= {*killed, *rows} <= set(stages)


def test_the_means_of_the_lesson_are_those_of_its_file(tmp_path):
    with FILE.open(encoding="utf-8", newline="") as file:
        stars = [int(row[2]) for row in csv.reader(file)]
    by_hand = [Fraction(sum(stars[5:row]), row - 5) for row in range(10, 31, 5)]
    page = text("reference.md")
    assert [Fraction(mean) for mean in re.findall(r"\*\*(\d\.\d\d)\*\*", page)] == by_hand

    outputs = {name: tmp_path / name for name in ("csv", "log", "log-exact")}
    done = starwatch(
        *("replay", FILE, "--every", "1s", "--as-fast-as-possible", "--start", "2021-06-01"),
        *(
            "--quiet",
            *(word for name in outputs for word in ("--output", f"{name}:{outputs[name]}")),
        ),
    )
    assert done.code == 0, done.err
    emitted = [row.split(",")[4:11] for row in of_product(outputs["csv"].read_text())]
    shown = [row.split(",")[4:11] for row in of_product(page)]
    assert shown == emitted[: len(by_hand)]
    for name, row in (("log", "`cut.log`"), ("log-exact", "`exact.log`")):
        told = re.findall(rf"\({PRODUCT}\n,([\d.]+)\)", outputs[name].read_text())
        assert f"| {row} | {' | '.join(told[: len(by_hand)])} |" in text("reference-broken.md")
