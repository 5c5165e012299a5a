"""Reads a `*.ratings` file into a script; the format is told in docs/scenarios.md."""

from collections.abc import Sequence
from pathlib import Path

from starwatch.admission.ledger import Class
from starwatch.errors import BadScript
from starwatch.scenarios.expectations import read_books, read_row, spec_named
from starwatch.scenarios.header import read_header
from starwatch.scenarios.steps import (
    ExpectBooks,
    ExpectClass,
    ExpectProvisional,
    ExpectRows,
    ExpectWatermark,
    Rate,
    Script,
    Setting,
    Step,
)
from starwatch.scenarios.timeline import Timeline
from starwatch.scenarios.words import Line, lines_of, read_time

SUFFIX = ".ratings"

SHIPPED = Path(__file__).with_name("files")
"""The folder of the scenarios that come with Starwatch."""

_CLASSES = {kind.name.lower(): kind for kind in Class}
_EXPECT = ("nothing", *_CLASSES, "watermark", "provisional")

Block = tuple[Line, list[Line]]
"""A line at the margin, and the indented lines under it."""


def read_script(path: Path) -> Script:
    """Read a scenario file.

    Raises:
        BadScript: it is not UTF-8 text, or a line of it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadScript(f"{path}: this is no UTF-8 text") from error
    return parse_script(text, str(path))


def parse_script(text: str, path: str = "script") -> Script:
    """Read the text of a scenario; `path` is what errors call it.

    Raises:
        BadScript: a line cannot be read.
    """
    blocks = _blocks(lines_of(text, path), path)
    title, lesson = _opening_comment(text)
    if not title:
        raise BadScript(f"{path}:1: the scenario has no title", hint="Begin with: # What it shows")
    head, rules = blocks[0]
    if head.text != "job":
        raise head.bad("the scenario does not begin with its job", "The first word is: job")
    setting = read_header(rules)
    return Script(path, title, lesson, setting, _steps(blocks[1:], setting))


def _opening_comment(text: str) -> tuple[str, str]:
    """The comment at the top of a file: its first line, and the rest."""
    told = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        told.append(line.lstrip("#").strip())
    return (told[0], "\n".join(told[1:]).strip()) if told else ("", "")


def _blocks(lines: Sequence[Line], path: str) -> list[Block]:
    if not lines:
        raise BadScript(f"{path}:1: the scenario is empty", hint="Begin with: job")
    blocks: list[Block] = []
    for line in lines:
        if not line.indented:
            blocks.append((line, []))
        elif not blocks:
            raise line.bad("an indented line belongs to nothing", "Begin with: job")
        else:
            blocks[-1][1].append(line)
    return blocks


def _steps(blocks: Sequence[Block], setting: Setting) -> tuple[Step, ...]:
    timeline = Timeline(setting)
    steps: list[Step] = []
    for line, under in blocks:
        first, *words = line.words
        if first == "expect":
            steps.append(_expectation(line, words, under, setting))
        elif first == "books" and not words:
            steps.append(ExpectBooks(line.number, read_books(line, under, setting)))
        elif under:
            raise under[0].bad(
                "an indented line belongs to nothing",
                "Rows stand under expect, sums under books, rules under job",
            )
        else:
            steps.extend(timeline.read(line))
        _check_class(line, steps)
    return tuple(steps)


def _expectation(line: Line, words: list[str], under: list[Line], setting: Setting) -> Step:
    if not words:
        if not under:
            raise line.bad("no row is expected", "Write rows under it, or: expect nothing")
        return ExpectRows(line.number, tuple(read_row(each, setting) for each in under))
    what, rest = words[0], words[1:]
    if what not in _EXPECT:
        raise line.unknown("the expectation", what, _EXPECT)
    if what == "provisional":
        return _provisional(line, rest, under, setting)
    if under:
        raise under[0].bad("an indented line belongs to nothing", f"Give {what} a line of its own")
    if what == "watermark":
        return _watermark(line, rest, setting)
    if rest:
        raise line.bad(f"{' '.join(rest)!r} has no meaning here")
    if what == "nothing":
        return ExpectRows(line.number, ())
    return ExpectClass(line.number, _CLASSES[what])


def _provisional(
    line: Line, words: list[str], under: list[Line], setting: Setting
) -> ExpectProvisional:
    nothing = words[-1:] == ["nothing"]
    labels = words[:-1] if nothing else words
    if len(labels) > 1 or nothing == bool(under):
        raise line.bad(
            "this expectation cannot be read",
            "Write rows under: expect provisional 30s/5s, or: expect provisional 30s/5s nothing",
        )
    label = labels[0] if labels else None
    spec = spec_named(line, label, setting)
    rows = tuple(read_row(each, setting, label) for each in under)
    if any(row.spec != spec for row in rows):
        raise line.bad("a row under it is of another window")
    return ExpectProvisional(line.number, spec, rows)


def _watermark(line: Line, words: list[str], setting: Setting) -> ExpectWatermark:
    if len(words) != 1:
        raise line.bad("a time is missing", "Write: expect watermark 0:05, or: none")
    if words[0] == "none":
        return ExpectWatermark(line.number, None)
    return ExpectWatermark(line.number, read_time(line, words[0], setting.day_ms))


def _check_class(line: Line, steps: Sequence[Step]) -> None:
    """A class is expected of a rating, so one must have come before."""
    if isinstance(steps[-1], ExpectClass) and not any(isinstance(s, Rate) for s in steps):
        raise line.bad("no rating has come yet", "Put it under the rating that is meant")
