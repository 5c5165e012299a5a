"""`starwatch conformance`."""

import pytest
from click.testing import CliRunner

from conformance.playing import EmbeddedFlink, without_window
from starwatch.cli import conformance
from starwatch.cli.main import cli
from starwatch.errors import BadSetting, Mismatch, MissingInput
from starwatch.scenarios.script import SHIPPED

LATE = str(SHIPPED / "late.ratings")
QUIET = str(SHIPPED / "quiet_stream_closes_by_the_clock.ratings")
IDLE = str(SHIPPED / "partition_that_is_idle_holds_nobody.ratings")


def run(*words):
    return CliRunner().invoke(cli, ["conformance", *words])


def test_without_a_server_a_line_a_stream_and_a_sum():
    result = run(LATE, QUIET, "--random", "2", "--ratings", "300", "--seed", "7")
    assert result.exit_code == 0
    *lines, last = result.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "equal    late.ratings",
        "equal    quiet_stream_closes_by_the_clock.ratings",
        "equal    random 0 of seed 7",
        "equal    random 1 of seed 7",
    ]
    assert last.startswith("4 streams on embedded, recompute: 4 equal, 0 differ; ")


def test_a_difference_is_printed_and_ends_with_one(monkeypatch):
    monkeypatch.setattr(conformance, "_flink", lambda _: EmbeddedFlink(without_window))
    result = run("--engines", "embedded,flink", LATE, IDLE, "--random", "0")
    assert isinstance(result.exception, Mismatch)
    assert result.exception.exit_code == 1
    first, second, third, *_ = result.stdout.splitlines()
    assert first.startswith("differs  late.ratings: ")
    assert second == "         flink: 1 windows differ"
    assert "flink nothing" in third
    assert "idle_holds_nobody.ratings" in result.stdout
    assert "(not on Flink: which partitions are idle" in result.stdout
    assert "2 streams on embedded, flink, 1 of them not on Flink: 1 equal, 1 differ" in (
        result.stdout
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--engines", "embedded,spark"), "there is no engine 'spark'"),
        (("--engines", "embedded"), "compares nothing"),
        (("--engines", "recompute,flink"), "compares nothing"),
        (("--no-scenarios", "--random", "0"), "nothing to run"),
        (("--no-scenarios", LATE), "named and left out"),
        (("--engines", "embedded,flink", "--cluster", "ftp://x", LATE), "ftp://x"),
        (("--engines", "embedded,flink", "--kafka", ":x", LATE), "Kafka"),
    ],
)
def test_what_cannot_be_is_one_line(words, said):
    result = run(*words)
    assert isinstance(result.exception, BadSetting)
    assert said in str(result.exception)


def test_a_scenario_that_is_not_there_is_told_with_what_can_be_named():
    result = run("nowhere.ratings")
    assert isinstance(result.exception, MissingInput)
    assert str(result.exception).startswith("nowhere.ratings is not there. Name a file *.ratings, ")
