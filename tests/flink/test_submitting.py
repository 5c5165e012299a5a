"""`starwatch flink submit` and `resume`: what PyFlink and the cluster are told."""

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner

from servers.processes import Process
from starwatch.cli.main import cli
from starwatch.errors import ClusterFailed, MissingInput

SOURCE = ["--source", "kafka://127.0.0.1:9092/ratings"]
ID = "c" * 32


class Jobs(BaseHTTPRequestHandler):
    """Knows no job, or those that a test puts into `after`, once it has been asked."""

    after = ()

    def do_GET(self):  # so the library calls it
        self._answer({"jobs": self.server.jobs})
        self.server.jobs = self.after

    def do_PATCH(self):  # so the library calls it
        self.server.canceled.append(self.path)
        self._answer({})

    def _answer(self, value):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def served():
    """A cluster that runs nothing, at first."""
    with HTTPServer(("127.0.0.1", 0), Jobs) as server:
        server.jobs, server.canceled = (), []
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def cluster(served):
    """Its URL."""
    return f"http://127.0.0.1:{served.server_port}"


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


def job(number, started):
    return {"jid": number * 32, "name": "starwatch-ratings", "state": "RUNNING"} | {
        "start-time": started
    }


def test_of_two_jobs_that_were_submitted_at_once_the_first_goes_on(submitted, served, monkeypatch):
    monkeypatch.setattr(Jobs, "after", (job("a", 5), job("c", 6)))
    with pytest.raises(ClusterFailed, match=f"runs already, with id {'a' * 32}"):
        submitted("submit")
    assert served.canceled == [f"/jobs/{ID}?mode=cancel"]
    served.jobs = ()
    monkeypatch.setattr(Jobs, "after", (job("c", 5), job("d", 6)))
    submitted("submit")
    assert len(served.canceled) == 1


FOLLOWING = """
import subprocess, sys
from starwatch.flink.pyflink_submit import follow
jvm = subprocess.Popen(["sh", "-c", 'cat; touch "$0/late"', sys.argv[2]], stdin=subprocess.PIPE)
print(jvm.pid, flush=True)
follow(int(sys.argv[1]), sys.argv[2])
"""


def test_pyflink_ends_with_whoever_runs_it_and_leaves_nothing(tmp_path):
    folder = tmp_path / "pyflink"
    (folder / "logs").mkdir(parents=True)
    line, own = os.pipe()
    command = [sys.executable, "-c", FOLLOWING, str(line), str(folder)]
    with subprocess.Popen(command, pass_fds=(line,), stdout=subprocess.PIPE, text=True) as child:
        jvm = Process.of(int(child.stdout.readline()))
        assert jvm.alive
        assert folder.exists()
        os.close(own)
        assert child.wait(30) == 0
    os.close(line)
    assert not jvm.alive
    assert not folder.exists()


def test_a_pyflink_that_is_killed_is_told_in_one_line(monkeypatch, tmp_path, cluster):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nkill -9 $$\n")
    python.chmod(0o755)
    monkeypatch.setenv("STARWATCH_FLINK_PYTHON", str(python))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    told = CliRunner().invoke(cli, ["flink", "submit", *SOURCE, "--cluster", cluster]).exception
    assert isinstance(told, ClusterFailed)
    assert "was ended by signal 9" in str(told)


def test_a_missing_jar_and_a_missing_pyflink_are_told(monkeypatch, tmp_path, cluster):
    monkeypatch.setenv("STARWATCH_FLINK_PYTHON", str(tmp_path / "none"))
    line = ["flink", "submit", *SOURCE, "--cluster", cluster]
    assert isinstance(CliRunner().invoke(cli, line).exception, MissingInput)
    told = CliRunner().invoke(cli, [*line, "--jar", "none.jar"])
    assert told.exit_code == 2
    assert "none.jar" in told.stderr
