"""The page about scenarios: its example runs, and it leaves no word out."""

import re
from pathlib import Path

import pytest

from model.adapter import ModelEngine
from starwatch.errors import BadScript
from starwatch.scenarios.header import read_header
from starwatch.scenarios.runner import run_script
from starwatch.scenarios.script import parse_script
from starwatch.scenarios.timeline import Timeline
from starwatch.scenarios.words import Line

PAGE = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```ratings\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
UNKNOWN = Line("x", 1, indented=False, text="xyzzy 1")


def known_words(read, argument):
    """The words that the error about an unknown one lists."""
    with pytest.raises(BadScript) as caught:
        read(argument)
    return caught.value.hint.removeprefix("Known here: ").split(", ")


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_example_runs(text):
    assert run_script(parse_script(text), ModelEngine) is None


def test_there_is_an_example_and_the_failure_shown_is_one_of_it():
    text = EXAMPLES[0].replace("mean 5 of 1 (5)", "mean 4 of 1 (4)")
    failure = run_script(parse_script(text, "correction.ratings"), ModelEngine)
    shown = [f"FAILED  correction.ratings:{failure.line}: {failure.what}"]
    shown += [f"        {line}" for line in failure.diff]
    assert "\n".join(shown) in PAGE


def test_every_rule_and_every_word_is_told():
    rules = known_words(read_header, [UNKNOWN])
    words = known_words(Timeline(read_header([])).read, UNKNOWN)
    assert len(rules) > 10
    assert len(words) > 10
    assert [rule for rule in rules if f"| `{rule}` |" not in PAGE] == []
    assert [word for word in words if f"`{word}" not in PAGE] == []
