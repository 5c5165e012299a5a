"""`starwatch flink submit` and `resume`: what PyFlink and the cluster are told."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner

from starwatch.cli.main import cli
from starwatch.errors import MissingInput

SOURCE = ["--source", "kafka://127.0.0.1:9092/ratings"]
ID = "c" * 32


class NoJobs(BaseHTTPRequestHandler):
    def do_GET(self):  # so the library calls it
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"jobs": []}')

    def log_message(self, *_):
        pass


@pytest.fixture
def cluster():
    """The URL of a cluster that runs nothing."""
    with HTTPServer(("127.0.0.1", 0), NoJobs) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def submitted(monkeypatch, tmp_path, cluster):
    """Runs a command with an interpreter that only keeps what it is given; gives that."""
    kept, python = tmp_path / "given.json", tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncat > {kept}\necho \'[{{"job": "{ID}"}}]\'\n')
    python.chmod(0o755)
    monkeypatch.setenv("STARWATCH_FLINK_PYTHON", str(python))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    def run(*words):
        line = ["flink", words[0], *SOURCE, "--cluster", cluster, *words[1:]]
        result = CliRunner().invoke(cli, line)
        if result.exception:
            raise result.exception
        assert result.stdout == f"{ID}\n"
        (given,) = json.loads(kept.read_text())
        return given

    return run


def test_submit_hands_over_the_sql_that_is_printed_and_where_it_goes(submitted, cluster):
    given = submitted("submit")
    printed = CliRunner().invoke(cli, ["flink", "sql", *SOURCE]).stdout
    assert len(given["statements"]) > 3
    for statement in given["statements"]:
        assert statement in printed
    settings = given["settings"]
    assert f"http://{settings['rest.address']}:{settings['rest.port']}" == cluster
    assert settings["execution.target"] == "remote"
    assert settings["pipeline.name"] == "starwatch-ratings"
    assert "execution.state-recovery.path" not in settings
    assert "pipeline.jars" not in settings


def test_resume_is_the_same_job_from_a_savepoint_at_another_parallelism(submitted):
    first = submitted("submit")
    again = submitted("resume", "--savepoint", "file:/s/savepoint-1", "--parallelism", "3")
    assert again["statements"] == first["statements"]
    assert again["settings"].items() - first["settings"].items() == {
        ("execution.state-recovery.path", "file:/s/savepoint-1"),
        ("parallelism.default", "3"),
    }


def test_jars_are_handed_over_as_urls(submitted, tmp_path):
    jars = [tmp_path / "a b.jar", tmp_path / "c.jar"]
    for jar in jars:
        jar.touch()
    given = submitted("submit", "--jar", str(jars[0]), "--jar", str(jars[1]))
    assert given["settings"]["pipeline.jars"] == ";".join(jar.as_uri() for jar in jars)


def test_passwords_are_masked_where_sql_is_printed_and_reach_the_cluster(submitted, monkeypatch):
    url = "kafka://edge:pear-tree@127.0.0.1:9092/ratings"
    monkeypatch.setitem(globals(), "SOURCE", ["--source", url])
    printed = CliRunner().invoke(cli, ["flink", "sql", *SOURCE]).stdout
    assert "pear-tree" not in printed
    assert any("pear-tree" in statement for statement in submitted("submit")["statements"])


def test_a_missing_jar_and_a_missing_pyflink_are_told(monkeypatch, tmp_path, cluster):
    monkeypatch.setenv("STARWATCH_FLINK_PYTHON", str(tmp_path / "none"))
    line = ["flink", "submit", *SOURCE, "--cluster", cluster]
    assert isinstance(CliRunner().invoke(cli, line).exception, MissingInput)
    told = CliRunner().invoke(cli, [*line, "--jar", "none.jar"])
    assert told.exit_code == 2
    assert "none.jar" in told.stderr
