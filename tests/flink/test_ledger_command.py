"""`starwatch ledger --engine flink`: errors of one line, and at once where that can be."""

import subprocess
import sys

import pytest

from servers.ports import free_port


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "c.toml"
    file.write_text(f'[[source]]\nurl = "kafka://127.0.0.1:{free_port()}/ratings"\n')
    return file


def told(*words):
    """The one line of an error, and the exit code."""
    line = [sys.executable, "-m", "starwatch", "ledger", "--engine", "flink", *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")
    return done.stderr, done.returncode


def test_a_kafka_that_is_away_is_told_with_its_cause_and_what_to_look_at(config):
    line, code = told("--config", config)
    assert code == 1
    assert "kafka://127.0.0.1:" in line
    assert "Connection refused" in line
    assert line.endswith(
        "See that Kafka runs (in a clone: make cluster), and that its URL is right\n"
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--begin", "x"], 2, "'x' is no beginning. Write --begin TOPIC/PARTITION=OFFSET"),
        (
            ["--begin", "other/0=5"],
            2,
            "--begin names other/0, which the job does not read. It reads ratings",
        ),
        (["--state", "nowhere"], 2, "there is no state in nowhere"),
    ],
)
def test_arguments_are_looked_at_before_anything_connects(config, words, code, said):
    line, ended = told("--config", config, *words)
    assert ended == code
    assert said in line


def test_where_a_job_began_that_reads_the_latest_is_asked_for_before_anything_connects(config):
    config.write_text(config.read_text().replace("/ratings", "/ratings?from=latest"))
    line, code = told("--config", config)
    assert code == 2
    assert line.endswith("is not known. Say it: --begin ratings/0=OFFSET\n")
